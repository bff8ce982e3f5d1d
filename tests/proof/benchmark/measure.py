"""measure.py BUILD RESULTS: measures the cost of the library and of its alternatives, and writes RESULTS, a JSON list of
comparisons: the subject, the alternative, the unit, the value of the library, the value of the alternative, and the limit
of their ratio. Without an alternative its value is empty, and the limit is a limit of the library's value."""

import atexit
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUILD = os.path.abspath(sys.argv[1])
PROGRAMS = os.path.join(HERE, "programs")
BLOCKS = 5  # each command has its turn so many times, so that what changes on the machine meets them all
DIRECTORY = tempfile.mkdtemp(prefix="daemonize.", dir="/run")
atexit.register(os.rmdir, DIRECTORY)
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "daemonize", DIRECTORY], check=True)
atexit.register(subprocess.run, ["umount", DIRECTORY], check=True)

results = []


def add(what, beside, unit, ours, theirs, bar):
    results.append((what, beside, unit, ours, theirs, bar))
    print(f"{what} | {beside or '-'} | {ours:.6g} | {'' if theirs is None else f'{theirs:.6g}'} {unit} | {bar}", flush=True)


def tool(name):
    return os.path.join(BUILD, name)


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def block(commands, runs, before=()):
    """The times of each command, in seconds. `before` is put in front of hyperfine itself. Between two runs all that a
    command left running is ended, and its pid file removed: the second of each pair names both."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        arguments = ["hyperfine", "-N", "--style", "none", "--warmup", "1", "--runs", str(runs)]
        arguments += ["--export-json", report.name]
        for command, daemon in commands:
            arguments += ["--prepare", f"{tool('end')} {daemon or 'nothing'}", command]
        run = subprocess.run([tool("reaper"), *before, *arguments], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise SystemExit(run.stdout + run.stderr)
        times = [result["times"] for result in json.load(report)["results"]]
    for _, daemon in commands:
        if daemon:
            subprocess.run([tool("end"), *daemon.split()], check=True)
    return times


def medians(*measurements):
    """The median time of each command, over the blocks of all measurements by turns."""
    blocks = [[block(*measurement) for measurement in measurements] for _ in range(BLOCKS)]
    by_command = zip(*([times for of_one in turn for times in of_one] for turn in blocks))
    return [statistics.median(sum(of_command, [])) for of_command in by_command]


def start(name):
    pid_file = f"{DIRECTORY}/{name}.pid"
    if name == "poco":
        return f"{tool(name)} --daemon --pidfile={pid_file}", f"{name} {pid_file}"
    if name == "python_daemon":
        return f"{tool(name)} {PROGRAMS}/python_daemon.py {pid_file}", f"{name} {pid_file}"
    return f"{tool(name)} {pid_file}", f"{name} {pid_file}"


def measure_start():
    what = "start, from exec to the launcher's exit"
    if not os.path.exists(tool("python_daemon")):
        os.symlink("/usr/bin/python3", tool("python_daemon"))  # a name of its own, for the tool "end"
    peers = [
        ("by_hand", "the same steps by hand, no checks, no lock", 1.15),
        ("bare", "a bare double fork and a pipe", 1.25),
        ("libdaemon", "libdaemon", 1.05),
        ("poco", "Poco ServerApplication --daemon", 0.6),
        ("python_daemon", "python-daemon", 0.1),
    ]
    ours, *theirs = medians(([start(name) for name in ["daemonize_start"] + [peer[0] for peer in peers]], 40))
    for (_, beside, bar), time in zip(peers, theirs):
        add(what, beside, "ms", ours * 1e3, time * 1e3, bar)


def measure_start_with_descriptors():
    pair = [start("daemonize_start"), start("by_hand")]
    ours, theirs = medians((pair, 20, [tool("with_descriptors"), "10000"]))
    add("start with 10,000 descriptors open", "the same steps by hand", "ms", ours * 1e3, theirs * 1e3, 1.15)


def measure_start_below_limit():
    for refused, words in ([], ""), ([tool("without_close_range")], ", close_range refused"):
        said = [["env", f"SAID_LIMIT={limit}", f"LD_PRELOAD={tool('libsaid_limit.so')}"] for limit in (1 << 30, 1024)]
        high, low = medians(*(([start("daemonize_start")], 40, [*one, *refused]) for one in said))
        add("start where getrlimit says 2^30" + words, "the same at 1024", "ms", high * 1e3, low * 1e3, 1.05)


def measure_in_process():
    report = json.loads(
        output(
            tool("reaper"), tool("in_process"), "--benchmark_format=json", "--benchmark_repetitions=5",
            "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true",
            env={**os.environ, "BENCHMARK_DIRECTORY": DIRECTORY},
        )
    )
    median = {
        entry["run_name"].split("/")[0]: entry["real_time"]
        for entry in report["benchmarks"]
        if entry.get("aggregate_name") == "median"
    }
    add("start from a process of 4 GiB", "a bare double fork", "ms",
        median["big_process_daemonize"] / 1e6, median["big_process_by_hand"] / 1e6, 1.10)
    add("stop, from the call until the process is gone", "SIGTERM and waitpid of a bare child", "ms",
        median["stop_daemonize"] / 1e6, median["stop_by_hand"] / 1e6, 1.2)
    add("stop, from the call until the process is gone", "", "ms", median["stop_daemonize"] / 1e6, None, 5)
    add("one notify message", "sd_notify of libsystemd", "us",
        median["notify_daemonize"] / 1e3, median["notify_libsystemd"] / 1e3, 1.0)


def status_of(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key + ":"))


def started(name, *arguments):
    command = [tool(name), *arguments]
    subprocess.run(command, check=True)
    return int(output("pgrep", "-n", "-x", name[:15]))


def measure_idle():
    """Of two daemons one is traced, since a tracer's coming and going wakes it; the kernel counts the other's wake-ups."""
    traced = started("daemonize_start", f"{DIRECTORY}/traced.pid")
    counted, bare = started("daemonize_start", f"{DIRECTORY}/counted.pid"), started("bare")
    before = status_of(counted, "voluntary_ctxt_switches")
    strace = subprocess.run(["timeout", "60", "strace", "-f", "-c", "-o", f"{DIRECTORY}/idle", "-p", str(traced)],
                            capture_output=True, check=False)
    if strace.returncode != 124:
        raise SystemExit(strace.stderr.decode())
    with open(f"{DIRECTORY}/idle", encoding="ascii") as counts:
        calls = sum(int(line.split()[3]) for line in counts if line.split()[-1:] == ["total"])
    add("idle for 60 s: system calls", "", "", calls, None, 0)
    add("idle for 60 s: wake-ups", "", "", status_of(counted, "voluntary_ctxt_switches") - before, None, 0)
    add("idle: resident memory", "a bare daemon", "KiB", status_of(counted, "VmRSS"), status_of(bare, "VmRSS"), 1.1)
    for name in "daemonize_start", "bare":
        subprocess.run([tool("end"), name], check=True)


def compile_command(program, *flags):
    return f"g++ -std=c++17 -O0 -I{TOP}/include -c {PROGRAMS}/{program}.cpp -o /dev/null {' '.join(flags)}", None


def measure_compile():
    names = ["include_only", "stdlib", "poco", "with_daemonizer", "with_service"]
    empty, stdlib, poco, daemonizer, service = medians(([compile_command(name) for name in names], 3))
    what = "compile #include <daemonize.hpp> and an empty main"
    add(what, "<string>, <system_error>, <vector>, <utility>, POSIX", "s", empty, stdlib, 1.5)
    add(what, "Poco/Util/ServerApplication.h and its main", "s", empty, poco, 0.8)
    add("compile ten lines with Daemonizer", "the empty main", "s", daemonizer, empty, 1.3)
    add("compile ten lines with Service", "the empty main", "s", service, empty, 1.6)


def measure_size():
    size = {name: os.path.getsize(tool(name)) / 1024 for name in ("minimal", "daemon3")}
    add("stripped -O2 binary of minimal, beyond daemon(3) by hand", "", "KiB", size["minimal"] - size["daemon3"], None, 64)


def measure_exact():
    # Its status says only whether a figure has doubled, which the table shows.
    lines = subprocess.run(["sh", f"{HERE}/exact.sh"], stdout=subprocess.PIPE, text=True, check=False).stdout.splitlines()
    with open(f"{HERE}/figures", encoding="utf-8") as figures:
        if len(lines) != len(figures.readlines()):
            raise SystemExit("exact.sh did not measure all that has a figure")
    for line in lines:
        what, figure, known = line.split("\t")
        add(what, "", "", int(figure), None, 2 * int(known))


def measure_wine():
    for line in output("sh", f"{HERE}/wine.sh", f"{BUILD}/wine").splitlines():
        ours, theirs = map(float, line.split())
        add("Windows: start to RUNNING, under Wine", "a raw C service", "ms", ours, theirs, 1.05)


for measurement in (measure_size, measure_exact, measure_start, measure_start_with_descriptors,
                    measure_start_below_limit, measure_in_process, measure_idle, measure_compile, measure_wine):
    measurement()
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(results, file)
