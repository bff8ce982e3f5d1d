"""Running one test with one mutant: natively, where whatever it leaves is ended, or in the one Wine that there is."""
import os
import select
import shutil
import signal
import subprocess
import time

from board import Board

PATIENCE = int(os.environ.get("DAEMONIZE_PATIENCE", "60")) # the seconds that one event may take
PASSED, FAILED, SKIPPED, TIMED_OUT = "passed", "failed", "skipped", "timed out"


def wait_for(child, limit, reaps=False):
    """Its exit status, or None where it takes longer. `reaps`: what its orphans, which are ours now, leave meanwhile."""
    end = os.pidfd_open(child.pid)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    deadline = time.monotonic() + limit
    ended = False
    while not ended and time.monotonic() < deadline:
        ended = poll.poll(50 if reaps else limit * 1000)
        while reaps and not ended:
            orphan = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if orphan is None or orphan.si_pid == child.pid:
                break
            os.waitpid(orphan.si_pid, 0)
    os.close(end)
    return child.wait() if ended else None


class Test:
    def __init__(self, name, command, runner):
        self.name, self.command, self.runner = name, command, runner
        self.seconds, self.visited = 0.0, frozenset()

    def limit(self):
        return 4 + 6 * self.seconds


class Native:
    """For a process that becomes the parent of all that a test leaves behind."""

    def __init__(self, scratch):
        self.board, self.output = Board(scratch + ".board"), scratch + ".output"
        self.environment = dict(os.environ, DAEMONIZE_MUTATION_BOARD=self.board.path)

    def run(self, test, mutant, limit):
        self.board.begin(mutant)
        with open(self.output, "wb") as output:
            # A session of its own: a mutant may kill its whole process group.
            child = subprocess.Popen(test.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     start_new_session=True, env=self.environment)
        status = wait_for(child, limit, reaps=True)
        self.end_the_rest()
        child.returncode = 0 # it is reaped, whoever it was
        if status is None:
            return TIMED_OUT
        # A process that exits earlier with status 0, like a daemon, has passed no test.
        if status != 0 or self.board.finished() != child.pid:
            return FAILED
        with open(self.output, "rb") as output:
            return SKIPPED if b"SKIPPED: " in output.read() else PASSED

    @staticmethod
    def end_the_rest():
        while True:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                children = file.read().split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            try:
                os.waitpid(-1, 0 if children else os.WNOHANG)
            except ChildProcessError:
                return

    def recover(self, test, verdict):
        """True where the test passes without a mutant, as far as that has to be asked: nothing is left of another run."""
        return verdict != TIMED_OUT or self.run(test, 0, test.limit()) == PASSED


class Wine:
    """Its service control manager starts programs that are no children of ours: they are left to it."""

    def __init__(self, work, board):
        self.board, self.work = Board(board), work
        self.environment = dict(os.environ, WINEPREFIX=work + "/prefix", WINEDEBUG="-all", LC_ALL="C.UTF-8",
                                WINEDLLOVERRIDES="winedbg.exe=d")
        self.output = work + "/output"

    def run(self, test, mutant, limit):
        self.board.begin(mutant)
        with open(self.output, "wb") as output:
            child = subprocess.Popen(test.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                     start_new_session=True, env=self.environment)
        status = wait_for(child, limit)
        if status is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            return TIMED_OUT
        if status == 77: # skip.sh
            return SKIPPED
        return PASSED if status == 0 else FAILED

    def set_up(self, tree):
        with open(self.board.path + ".log", "wb") as log:
            for action in ["programs", tree], ["set_up"]:
                subprocess.run(["sh", tree + "/tests/windows/wine.sh", *action, self.work], check=True,
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.end()
        shutil.copytree(self.work + "/prefix", self.work + "/prefix.kept", symlinks=True)
        self.hold()

    def end(self):
        subprocess.run(["wineserver", "-k", "-w"], env=self.environment, check=False, timeout=5 * PATIENCE)

    def hold(self):
        """When the last ordinary program ends, Wine ends its services with it: this one stays."""
        self.board.begin(0)
        directory = self.work + "/posix служба"
        if os.path.exists(directory + "/held.txt"):
            os.remove(directory + "/held.txt")
        subprocess.Popen(["wine", "manage.exe", "hold"], cwd=directory, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                         env=self.environment)
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(directory + "/held.txt"):
            if time.monotonic() > deadline:
                raise RuntimeError("no program stays in Wine")
            time.sleep(0.05)

    def recover(self, test, _):
        """A mutant may leave services behind, and worse. True where the test passes again."""
        if self.run(test, 0, 4 * test.limit()) == PASSED:
            return True
        self.end()
        shutil.rmtree(self.work + "/prefix")
        shutil.copytree(self.work + "/prefix.kept", self.work + "/prefix", symlinks=True)
        self.hold()
        return self.run(test, 0, 4 * test.limit()) == PASSED


def notices(runner, test, mutant):
    """Whether this test fails with the mutant, and with it alone: what fails now and then, or because the machine was
    busy, notices nothing."""
    verdict = runner.run(test, mutant, test.limit())
    if verdict == PASSED or not runner.recover(test, verdict):
        return False
    # A second wait of that length would tell no more than that it passes at once without the mutant.
    return verdict == TIMED_OUT or runner.run(test, mutant, test.limit()) != PASSED
