// verbs SECONDS [SEED]: 16 processes that start, stop, restart and reload a service and query its status, at random.
// There must never be two daemons at once, no signal may reach a process that is not the daemon, and each verb must
// exit with a documented status. Runs as root in a new pid namespace, where numbers are reused soon.
#include "shared.hpp"
#include "support/own_mounts.hpp"
#include "support/service_program.hpp"

#include <ctime>
#include <map>
#include <random>
#include <sys/file.h>

namespace {

constexpr int workers = 16;
constexpr int crowds = 4;              // each a parent of bystanders
constexpr const char* numbers = "460"; // pid_max: from 300 on they come back, so that there are 160 in turn

double now() {
    struct timespec time = {};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The service whose verbs race. Each daemon proves by a lock of its own that it is alone: not by the pid file, whose
// locks are on trial.
class Program {
    test::Directory directory_;

  public:
    const std::string pid_file = directory_ / "racer.pid";

    explicit Program(races::Shared& shared) : shared_(shared) {
        // The daemon's lock is to go before the pid file's when the kernel closes the descriptors of a killed process,
        // which it does in their order: hence a low number, taken before the pid file is opened.
        witness_ = ::open(witness_file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    }

    int main(int argc, char** argv) {
        return daemonize::Service("racer")
            .posix([this](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(pid_file).keep_fd(witness_); })
            .run(argc, argv, [this](daemonize::Context& context) {
                be_alone();
                context.on_reload([this] {
                    if (::getpid() % 4 != 0) return;
                    shared_->died = ::getpid(); // some die of it, so that there are dead ones, whose files stay
                    ::raise(SIGKILL);
                });
                context.ready();
                context.wait_for_stop();
            });
    }

    /// Nobody holds the witness any more.
    bool is_free() const {
        const int file = ::open(witness_file_.c_str(), O_RDWR | O_CLOEXEC);
        const bool free = ::flock(file, LOCK_EX | LOCK_NB) == 0;
        ::close(file);
        return free;
    }

    bool has_left_nothing() const { return !test::exists(pid_file) && !test::exists(pid_file + ".new") && is_free(); }

  private:
    void be_alone() {
        const int file = ::open(witness_file_.c_str(), O_RDWR | O_CLOEXEC);
        if (::flock(file, LOCK_EX | LOCK_NB) != 0) ++shared_->two_daemons;
        ::dup3(file, witness_, O_CLOEXEC);
        ::close(file);
        shared_->was_daemon[::getpid() % races::number_count] = true;
        ++shared_->daemons;
        // Until the last of the program's own code has run; behind it the library takes the pid file away.
        static int held = witness_;
        std::atexit([] { ::flock(held, LOCK_UN); });
    }

    races::Shared& shared_;
    const std::string witness_file_ = directory_ / "witness";
    int witness_ = -1;
};

// The documented failures of a verb: the exit status, and the continuation of the line on standard error.
struct Documented {
    const char* verb;
    int code;
    const char* error;
};

constexpr const char* verbs[] = {"start", "stop", "restart", "status", "reload"};

// A start fails only where a stop beside it ended it, a reload of what does not run, or does not yet, is refused.
constexpr Documented documented[] = {
    {"start", 1, "racer: the service was asked to stop before it was ready"},
    {"restart", 1, "racer: the service was asked to stop before it was ready"},
    {"start", 1, "racer: cannot become ready: the daemon was killed by signal 9"}, // by its own hand, on a reload
    {"restart", 1, "racer: cannot become ready: the daemon was killed by signal 9"},
    {"status", 1, ""},
    {"status", 3, ""},
    {"reload", 7, "racer: cannot reach the daemon of "},
    {"reload", 1, "racer: cannot reach the daemon of "},
};

bool is_documented(const std::string& verb, int code, const std::string& error) {
    if (code == 0) return error.empty();
    for (const Documented& one : documented) {
        const std::string begin = one.error;
        if (verb != one.verb || code != one.code || error.compare(0, begin.size(), begin) != 0) continue;
        if (begin.empty() == error.empty()) return true;
    }
    return false;
}

int work(Program& program, races::Shared& shared, unsigned seed, double end) {
    std::mt19937 random(seed);
    while (now() < end) {
        const std::string verb = verbs[random() % (sizeof verbs / sizeof *verbs)];
        const test::Said said = test::run([&](int argc, char** argv) { return program.main(argc, argv); }, {verb});
        ++shared->verbs;
        if (is_documented(verb, said.code, said.error)) continue;
        ++shared->undocumented;
        std::fprintf(stderr, "%s ended with %d: %s%s", verb.c_str(), said.code, said.output.c_str(),
                     said.error.c_str());
    }
    return 0;
}

// Has the next process get this number, if it is free: in a pid namespace of its own. See pid_namespaces(7).
void choose_number(pid_t wanted) {
    const std::string before = std::to_string(wanted - 1);
    const int file = ::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    if (::write(file, before.data(), before.size()) < 0) std::abort();
    ::close(file);
}

// Ends a bystander, which may have died of nothing before.
void dismiss(pid_t one, races::Shared& shared) {
    int status = 0;
    if (one <= 0) return;
    const bool is_hit = ::waitpid(one, &status, WNOHANG) != 0;
    ::kill(one, SIGKILL);
    if (is_hit || ::waitpid(one, &status, 0) != one || WTERMSIG(status) != SIGKILL) ++shared->hit;
}

// A parent of processes that live for a moment and do nothing, if it can with the number of a daemon that has just
// died.
int be_crowd(races::Shared& shared, double end, bool is_alone) {
    pid_t crowd[8] = {};
    for (std::size_t next = 0; now() < end; ++next) {
        pid_t& one = crowd[next % 8];
        dismiss(one, shared);
        const pid_t died = shared->died;
        if (is_alone && died > 0) choose_number(died);
        one = ::fork();
        if (one == 0) {
            ::pause();
            ::_exit(0);
        }
        if (one <= 0) continue;
        ++shared->bystanders;
        if (shared->was_daemon[one % races::number_count]) ++shared->reused;
        if (one == died) ++shared->namesakes;
    }
    for (const pid_t one : crowd) dismiss(one, shared);
    return 0;
}

extern "C" void be_late(int) {}

// Waits for all that the race has left, which the last stop has ended; false where something stays.
bool wait_for_the_rest() {
    struct sigaction action = {};
    action.sa_handler = be_late; // without SA_RESTART: it ends the wait
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(static_cast<unsigned>(test::patience / 1000));
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    ::alarm(0);
    return errno == ECHILD;
}

// All of them, and whatever daemons leave behind. Whether every process has ended as it should.
bool race(Program& program, races::Shared& shared, unsigned seed, double end, bool is_alone) {
    std::map<pid_t, std::string> own;
    for (int i = 0; i < workers + crowds; ++i) {
        const pid_t child = test::fork_clean();
        const unsigned its_seed = seed + static_cast<unsigned>(i);
        if (child == 0)
            std::_Exit(i < workers ? work(program, shared, its_seed, end) : be_crowd(shared, end, is_alone));
        own[child] = i < workers ? "a worker" : "a parent of bystanders";
    }
    bool good = true;
    for (std::size_t left = own.size(); left > 0;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        const bool killed_itself = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && own.count(ended) == 0;
        if (status != 0 && !killed_itself) {
            good = false;
            std::fprintf(stderr, "%s ended with wait status %d\n",
                         own.count(ended) != 0 ? own[ended].c_str() : "a daemon", status);
        }
        left -= own.erase(ended);
    }
    const test::Said said = test::run([&](int argc, char** argv) { return program.main(argc, argv); }, {"stop"});
    if (said.code != 0) std::fprintf(stderr, "the last stop: %s", said.error.c_str());
    const bool is_over = wait_for_the_rest();
    if (!is_over) std::fprintf(stderr, "a process is left\n");
    return good && said.code == 0 && is_over;
}

int run(unsigned seconds, unsigned seed, bool is_alone) {
    races::Shared shared;
    bool good = false;
    {
        Program program(shared);
        good = race(program, shared, seed, now() + seconds, is_alone);
        if (!program.has_left_nothing()) std::fprintf(stderr, "something is left behind\n");
        good = good && program.has_left_nothing();
    }
    std::printf(
        "16 processes at random for %u s, seed %u: %d verbs, %d daemons, %d at a time with another, %d verbs that "
        "ended otherwise than documented\n",
        seconds, seed, shared->verbs.load(), shared->daemons.load(), shared->two_daemons.load(),
        shared->undocumented.load());
    std::printf(
        "bystanders: %d, %d of them with the number of an earlier daemon, %d with that of one just killed%s; hit by "
        "a signal: %d\n",
        shared->bystanders.load(), shared->reused.load(), shared->namesakes.load(),
        is_alone ? "" : " (root has numbers come back)", shared->hit.load());
    return good && shared.is_clean() && (!is_alone || shared->namesakes > 0) ? 0 : 1;
}

std::string failed_to(const char* step) { return std::string(step) + ": " + std::strerror(errno); }

// In the pid namespace's first process, which inherits the daemons as any init does. Returns what failed, with the
// error; an empty string if all succeeds.
std::string take_few_numbers() {
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("proc", "/proc", "proc", 0, nullptr) != 0) {
        return failed_to("mount the /proc of a pid namespace");
    }
    if (!test::has_own_pid_max()) return ""; // choose_number() is enough, and slower
    const int file = ::open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
    const std::string failed =
        file < 0 || ::write(file, numbers, 3) != 3 ? failed_to("set the pid_max of a pid namespace") : "";
    ::close(file);
    return failed;
}

} // namespace

int main(int argc, char** argv) try {
    if (argc < 2) return 2;
    const auto seconds = static_cast<unsigned>(std::atoi(argv[1]));
    const unsigned seed = argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : std::random_device()();
    const test::Orphanage orphanage;
    const auto enter = [] { return ::unshare(CLONE_NEWPID | CLONE_NEWNS) == 0; };
    const std::string lacking =
        test::in_child([&] { return enter() ? test::in_child(take_few_numbers) : failed_to("make a pid namespace"); });
    const bool is_alone = lacking.empty();
    if (!is_alone) test::print_left_out(lacking + ", so no number comes back");
    if (is_alone && !enter()) return 3;
    const pid_t racing = test::fork_clean();
    if (racing == 0) {
        if (is_alone && !take_few_numbers().empty()) return 4;
        const test::Orphanage inner;
        return run(seconds, seed, is_alone);
    }
    return orphanage.wait_for(racing) == 0 ? 0 : 1;
} catch (const test::Unable&) {
    return 77; // the reason is printed
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
