"""driver.py BUILD LIST SURVIVORS JOBS PATTERN [WINE_TESTS]: runs every test of the mutated programs as it is, and so
learns which mutants each one comes by; then, for each mutant, those tests with it, the quickest first, until one fails.
Tells what each test notices, and what none does. WINE_TESTS is the source of the tests of Windows; without it there are
none of those."""
import collections
import glob
import re
import subprocess
import sys
import threading
import time

from mutants import OPERATORS
from runners import PATIENCE, PASSED, SKIPPED, Test, Wine, notices
from workers import share_out

Mutant = collections.namedtuple("Mutant", "number file lines operator which text change")
WINE_PROGRAMS = ("manage", "install", "windows_system", "refused", "asked_of_scm", "service_under_fake")
WINE_SCRIPTS = ("memory_status", "console", "fake_scm", "event_log", "service_reload", "service_console",
                "service_failures", "service_arguments", "service_directories", "service_instances")
LONGEST_UNDER_WINE = 20 # seconds of tests for one mutant
tests = []


def read_mutants(path, pattern):
    with open(path, encoding="utf-8") as file:
        lines = [Mutant(int(number), *rest) for number, *rest in (line.rstrip("\n").split("\t") for line in file)]
    return [m for m in lines if re.search(pattern, f"{m.file}:{m.lines} {m.operator}")]


def read_survivors(path):
    reasons = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                *key, reason = line.rstrip("\n").split("\t")
                reasons[tuple(key)] = reason
    return reasons


def escaped(name):
    """As a test specification of Catch2 wants it."""
    return re.sub(r"([\\,\[\]])", r"\\\1", name)


def native_tests(build):
    for program in sorted(glob.glob(build + "/programs/*_mutated")):
        names = subprocess.run([program, "--names"], stdout=subprocess.PIPE, check=False, text=True).stdout
        for name in names.splitlines():
            if name.strip():
                yield Test(name, [program, escaped(name)], "native")


def wine_tests(work, source):
    for program in WINE_PROGRAMS:
        with open(f"{source}/programs/{program}.cpp", encoding="utf-8") as file:
            for case in re.findall(r"^CASE\((\w+)\)", file.read(), re.M):
                if case != "hold":
                    yield Test(f"{program} {case}", ["sh", f"{source}/wine.sh", "program", work, "posix", program, case],
                               "wine")
    yield Test("service_life", ["sh", f"{source}/wine.sh", "service_life", work, "posix"], "wine")
    for script in WINE_SCRIPTS:
        yield Test(script, ["sh", f"{source}/wine.sh", script, work], "wine")


def as_it_is(runner, test):
    """Unmutated, and once more if it fails: its verdict, its time, and the mutants that it came by."""
    for _ in range(2):
        start = time.monotonic()
        verdict = runner.run(test, 0, 5 * PATIENCE)
        if verdict in (PASSED, SKIPPED):
            break
    return verdict, time.monotonic() - start, frozenset(runner.board.visited())


def native_as_it_is(native, index):
    return (index,) + as_it_is(native, tests[index])


def killer_of(runner, mutant, kind):
    found = [test for test in tests if test.runner == kind and mutant in test.visited]
    spent = 0.0
    # Quick tests come first, and tests that reach few mutants.
    for test in sorted(found, key=lambda t: (t.seconds + 0.01) * len(t.visited) ** 0.5):
        if notices(runner, test, mutant):
            return test.name
        # There is one Wine for all, and its tests are slow: what none of so many has noticed counts as unnoticed.
        spent += test.seconds
        if kind == "wine" and spent > LONGEST_UNDER_WINE:
            break
    return None


def native_killer(native, mutant):
    return mutant, killer_of(native, mutant, "native")


def take(index, verdict, seconds, visited, failed):
    tests[index].seconds, tests[index].visited = seconds, visited if verdict == PASSED else frozenset()
    if verdict not in (PASSED, SKIPPED):
        failed.append(tests[index].name)
        print(f"FAILS UNMUTATED: {tests[index].name}", flush=True)


def tell_unnoticed(mutant, killer, where):
    """As they come: a run takes long."""
    if killer is None:
        print(f"{where}: not noticed: {mutant.file}:{mutant.lines} {mutant.operator}: {mutant.change}: {mutant.text}",
              flush=True)


class WineThread(threading.Thread):
    """One test after the other, beside those of the workers: unmutated first, then for what no native test comes by."""

    def __init__(self, wine, tree, mutants):
        super().__init__()
        self.wine, self.tree, self.mutants, self.problem = wine, tree, mutants, None
        self.killers, self.failed = {}, []
        self.seen_natively = frozenset().union(*(test.visited for test in tests))

    def run(self):
        try:
            self.wine.set_up(self.tree)
            for i, test in enumerate(tests):
                if test.runner == "wine":
                    take(i, *as_it_is(self.wine, test), self.failed)
            for mutant in self.mutants:
                if mutant.number not in self.seen_natively:
                    self.killers[mutant.number] = killer_of(self.wine, mutant.number, "wine")
                    tell_unnoticed(mutant, self.killers[mutant.number], "under Wine")
        except BaseException as problem: # pylint: disable=broad-except
            self.problem = problem


def run_unmutated(build, jobs):
    """The names of the tests that fail."""
    failed, start = [], time.monotonic()
    ours = [i for i, test in enumerate(tests) if test.runner == "native"]
    for result in share_out(ours, native_as_it_is, jobs, build):
        take(*result, failed)
    skipped = sum(1 for i in ours if not tests[i].visited) - len(failed)
    print(f"{len(ours)} tests as they are: {len(failed)} fail, {skipped} are skipped or come by no mutant; "
          f"{time.monotonic() - start:.0f} s", flush=True)
    return failed


def find_native_killers(mutants, build, jobs, beside):
    """For each mutant that a native test comes by the name of the one that notices it, or None."""
    seen = frozenset().union(*(test.visited for test in tests if test.runner == "native"))
    killers, here = {}, {m.number: m for m in mutants if m.number in seen}
    results = share_out(list(here), native_killer, jobs, build)
    if beside is not None:
        beside.start() # not before the workers were forked
    for number, killer in results:
        killers[number] = killer
        tell_unnoticed(here[number], killer, f"{len(killers)} of {len(here)}")
    return killers


def find_killers(mutants, build, jobs, wine):
    """For each mutant the name of the test that notices it, or None; and whether all tests pass without any."""
    failed = run_unmutated(build, jobs)
    thread = None if wine is None else WineThread(wine, build + "/tree", mutants)
    killers = find_native_killers(mutants, build, jobs, thread)
    if thread is not None:
        thread.join()
        if thread.problem is not None:
            raise thread.problem
        killers.update(thread.killers)
        failed += thread.failed
    for m in mutants:
        if killers.setdefault(m.number) is None and wine is not None:
            killers[m.number] = killer_of(wine, m.number, "wine")
    return killers, not failed


def rows(names, mutants, fates, name_of):
    for name in list(names) + ["all"]:
        counts = collections.Counter(fates[m.number] for m in mutants if name in ("all", name_of(m)))
        total = sum(counts.values())
        if total != 0:
            yield (f"| {name} | {total} | {counts['noticed']} | {counts['noticed'] * 100 / total:.1f} % | "
                   f"{counts['equivalent']} | {counts['explained']} | {counts['unexplained']} |")


def write_figures(path, mutants, fates, minutes):
    """For the README."""
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"\n{minutes:.0f} minutes, {time.strftime('%Y-%m-%d')}:\n\n"
                  "| folder, operator | mutants | noticed | share | equivalent | explained | unexplained |\n"
                  "| --- | --- | --- | --- | --- | --- | --- |\n")
        folders = list(rows(("core", "service", "scm", "posix", "windows"), mutants, fates, lambda m: m.file.split("/")[0]))
        operators = list(rows(OPERATORS, mutants, fates, lambda m: m.operator))
        out.write("\n".join(folders[:-1] + operators) + "\n\n")


def tell(mutants, killers, reasons, out):
    fates = {}
    for m in mutants:
        key = (m.file, m.operator, m.which, m.text)
        reason = reasons.get(key)
        if killers[m.number] is not None:
            fates[m.number] = "noticed"
            out.write("\t".join(("noticed", *key, m.change, killers[m.number])) + "\n")
            continue
        kind = "unexplained" if reason is None else "equivalent" if reason.startswith("equivalent:") else "explained"
        fates[m.number] = kind
        out.write("\t".join((kind, *key, m.change, reason or "")) + "\n")
        seen = any(m.number in test.visited for test in tests)
        print(f"{kind}: {m.file}:{m.lines} {m.operator} {m.which}: {m.change}: {m.text}"
              f"{'' if seen else ' (no test comes by)'}{': ' + reason if reason else ''}")
    return fates


def main():
    build, list_path, survivors_path, jobs, pattern = sys.argv[1:6]
    source = sys.argv[6] if len(sys.argv) > 6 else None
    start = time.monotonic()
    mutants, reasons = read_mutants(list_path, pattern), read_survivors(survivors_path)
    tests.extend(native_tests(build))
    wine = None
    if source:
        wine = Wine(build + "/wine", build + "/wine.board")
        tests.extend(wine_tests(build + "/wine", source))
    killers, well = find_killers(mutants, build, int(jobs), wine)
    with open(build + "/results", "w", encoding="utf-8") as out:
        fates = tell(mutants, killers, reasons, out)
    if wine is not None:
        wine.end()
    counts = collections.Counter(fates.values())
    print()
    write_figures(build + "/figures", mutants, fates, (time.monotonic() - start) / 60)
    with open(build + "/figures", encoding="utf-8") as figures:
        print(figures.read().strip())
    share = counts["noticed"] * 100 / len(mutants)
    without = counts["noticed"] * 100 / (len(mutants) - counts["equivalent"])
    print(f"{len(mutants)} mutants, {counts['noticed']} noticed: {share:.1f} %; {without:.1f} % of those that are not "
          f"equivalent; {counts['unexplained']} unexplained; {time.monotonic() - start:.0f} s")
    sys.exit(0 if well and without >= 95 and counts["unexplained"] == 0 else 1)


if __name__ == "__main__":
    main()
