"""Processes that do a list of tasks between them. Each is the first of a process number space of its own: a mutant may
kill every process that it can, and then that is none of ours."""
import ctypes
import multiprocessing
import os
import pickle
import queue
import threading

from runners import Native

CLONE_NEWNS, CLONE_NEWPID, PR_SET_CHILD_SUBREAPER = 0x00020000, 0x20000000, 36
libc = ctypes.CDLL(None, use_errno=True)


def become_first():
    """In a child: True in the first process of a new space, False in the one that stays to wait for it."""
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID) != 0:
        # Only core is run so, which starts no processes.
        return libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    if os.fork() != 0:
        os.wait()
        return False
    if libc.mount(b"proc", b"/proc", b"proc", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "cannot mount /proc")
    return True


def work_off(tasks, work, counter, native, output):
    while True:
        with counter.get_lock():
            index = counter.value
            counter.value += 1
        if index >= len(tasks):
            return
        pickle.dump(work(native, tasks[index]), output)
        output.flush()


def start(tasks, work, counter, scratch):
    """A worker; where its results come from."""
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        status = 1
        try:
            os.close(read_end)
            with os.fdopen(write_end, "wb") as output:
                if become_first():
                    work_off(tasks, work, counter, Native(scratch), output)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    return os.fdopen(read_end, "rb")


def relay(results, source):
    try:
        while True:
            results.put(pickle.load(source))
    except EOFError:
        results.put(None)


def share_out(tasks, work, jobs, build):
    """What work(native, task) returns for each of them, as it comes. Starts at once."""
    counter, results = multiprocessing.Value("i", 0), queue.Queue()
    sources = [start(tasks, work, counter, f"{build}/worker{job}") for job in range(jobs)]
    for source in sources:
        threading.Thread(target=relay, args=(results, source), daemon=True).start()

    def take():
        ended = count = 0
        while ended < jobs:
            result = results.get()
            if result is None:
                ended += 1
            else:
                count += 1
                yield result
        if count != len(tasks):
            raise RuntimeError(f"{len(tasks) - count} of {len(tasks)} tasks were lost")

    return take()
