// driver SITES UNNOTICED JOBS PATTERN PROGRAM...: runs every test of the mutated programs as it is, and so learns which calls
// each one comes by; then, for each call, those tests with that call left out, the quickest first, until one fails.
// SITES holds a line for each call: number, file and line, name, source, between tabs. UNNOTICED holds those that no test
// can miss: file, a part of the source, the reason.
#include "board.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

using namespace mutation;

namespace {

struct Site {
    std::string place, call, source;
};

constexpr int runs = 3; // of a test, to tell what always fails from what sometimes does

enum class Verdict { passed, skipped, failed };

// In memory that driver and workers share.
struct Test {
    char program[1024];
    char name[512];
    Verdict verdict;
    double seconds;
    Board board;
};

enum class Fate { killed, survived, unnoticed };

struct Mutant {
    int site;
    long step; // -1: the call has but one
    Fate fate;
};

struct Unnoticed {
    std::string file, source, reason;
};

double now() {
    timespec time = {};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

template <class Value>
Value* shared(std::size_t count) {
    void* const memory =
        mmap(nullptr, count * sizeof(Value) + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory");
    return static_cast<Value*>(memory);
}

std::map<int, Site> read_sites(const char* path) {
    std::map<int, Site> sites;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string number;
        Site site;
        std::getline(fields, number, '\t');
        std::getline(fields, site.place, '\t');
        std::getline(fields, site.call, '\t');
        std::getline(fields, site.source);
        const int index = std::stoi(number);
        if (index >= most_sites) throw std::runtime_error("more calls than most_sites");
        sites[index] = site;
    }
    return sites;
}

std::vector<Unnoticed> read_unnoticed(const char* path) {
    std::vector<Unnoticed> list;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        Unnoticed entry;
        const bool whole = std::getline(fields, entry.file, '\t') && std::getline(fields, entry.source, '\t') &&
                           std::getline(fields, entry.reason);
        if (whole && line[0] != '#') list.push_back(entry);
    }
    return list;
}

std::vector<std::string> names_of(const std::string& program) {
    std::vector<std::string> names;
    FILE* const output = popen((program + " --names").c_str(), "r");
    char line[512];
    while (output != nullptr && std::fgets(line, sizeof line, output) != nullptr) {
        line[std::strcspn(line, "\n")] = '\0';
        if (*line != '\0') names.push_back(line);
    }
    if (output != nullptr) pclose(output);
    return names;
}

// As a test specification wants it.
std::string escaped(const std::string& name) {
    std::string text;
    for (const char c : name) {
        if (std::strchr("\\,[]", c) != nullptr) text += '\\';
        text += c;
    }
    return text;
}

// One of these runs tests, one at a time, and is the reaper of all that they leave.
class Worker {
  public:
    explicit Worker(const std::string& scratch) : board_path_(scratch + ".board"), output_path_(scratch + ".output") {
        sigemptyset(&child_ended_);
        sigaddset(&child_ended_, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child_ended_, nullptr);
        const int file = open(board_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        const bool sized = file >= 0 && ftruncate(file, sizeof(Board)) == 0;
        board = map_board(board_path_.c_str());
        if (!sized || board == nullptr || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
            throw std::runtime_error("cannot set up a worker");
        }
        close(file);
    }

    Verdict run(const Test& test, const std::string& skip, double limit) {
        std::memset(static_cast<void*>(board), 0, sizeof *board);
        const pid_t child = fork();
        if (child < 0) throw std::runtime_error("cannot fork");
        if (child == 0) become(test, skip);
        int status = -1;
        const bool ended = wait_for(child, status, now() + limit);
        end_the_rest();
        if (!ended || status != 0 || board->finished != child) return Verdict::failed;
        return output().find("SKIPPED: ") == std::string::npos ? Verdict::passed : Verdict::skipped;
    }

    std::string output() const {
        std::ifstream file(output_path_);
        return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }

    Board* board = nullptr;

  private:
    // A session of its own: a mutant may kill its whole process group.
    [[noreturn]] void become(const Test& test, const std::string& skip) {
        setsid();
        setenv(board_variable, board_path_.c_str(), 1);
        if (!skip.empty()) setenv(skip_variable, skip.c_str(), 1);
        const int input = open("/dev/null", O_RDONLY);
        const int file = open(output_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(input, 0);
        dup2(file, 1);
        dup2(file, 2);
        close(input);
        close(file);
        for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
        sigprocmask(SIG_UNBLOCK, &child_ended_, nullptr);
        execl(test.program, test.program, escaped(test.name).c_str(), static_cast<char*>(nullptr));
        _exit(127);
    }

    bool wait_for(pid_t child, int& status, double deadline) {
        while (waitpid(child, &status, WNOHANG) != child) {
            const double left = deadline - now();
            if (left <= 0) return false;
            timespec time = {};
            time.tv_sec = static_cast<time_t>(left);
            time.tv_nsec = static_cast<long>((left - static_cast<double>(time.tv_sec)) * 1e9);
            sigtimedwait(&child_ended_, nullptr, &time);
        }
        return true;
    }

    // Whatever is left of a test is a child of ours by now, or becomes one when its parent dies.
    void end_the_rest() {
        while (waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) {
            const std::vector<pid_t> children = children_of_ours();
            for (const pid_t child : children) kill(child, SIGKILL);
            if (!children.empty()) waitpid(children.front(), nullptr, 0);
        }
    }

    static std::vector<pid_t> children_of_ours() {
        std::vector<pid_t> children;
        DIR* const folder = opendir("/proc");
        while (const dirent* entry = folder == nullptr ? nullptr : readdir(folder)) {
            const pid_t pid = std::atoi(entry->d_name);
            std::ifstream file("/proc/" + std::string(entry->d_name) + "/stat");
            std::string line;
            if (pid <= 0 || !std::getline(file, line)) continue;
            std::istringstream rest(line.substr(line.rfind(')') + 1));
            std::string state;
            pid_t parent = 0;
            if (rest >> state >> parent && parent == getpid()) children.push_back(pid);
        }
        if (folder != nullptr) closedir(folder);
        return children;
    }

    std::string board_path_, output_path_;
    sigset_t child_ended_;
};

// Does each of `count` tasks once, in as many processes as there are `jobs`.
template <class Task>
void share_out(int jobs, const std::string& scratch, std::size_t count, Task task) {
    std::atomic<std::size_t>* const next = shared<std::atomic<std::size_t>>(1);
    for (int job = 0; job < jobs; ++job) {
        if (fork() != 0) continue;
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        Worker worker(scratch + "." + std::to_string(job));
        for (std::size_t i = (*next)++; i < count; i = (*next)++) task(worker, i);
        _exit(0);
    }
    while (wait(nullptr) > 0 || errno == EINTR) {
    }
}

void say(const std::string& text) {
    if (write(1, text.data(), text.size()) < 0) std::abort();
}

void run_unmutated(Test* tests, std::size_t count, int jobs, const std::string& scratch) {
    share_out(jobs, scratch, count, [&](Worker& worker, std::size_t i) {
        Test& test = tests[i];
        const double start = now();
        test.verdict = worker.run(test, "", 300);
        test.seconds = now() - start;
        for (int again = 1; again < runs && test.verdict == Verdict::passed; ++again) {
            test.verdict = worker.run(test, "", 300);
        }
        std::memcpy(static_cast<void*>(&test.board), static_cast<const void*>(worker.board), sizeof test.board);
        if (test.verdict == Verdict::failed) {
            say("FAILS AS IT IS, and is left out: " + std::string(test.name) + "\n" + worker.output());
        }
    });
}

// What can be left out: each call that a test comes by, and each step of it where it has several.
std::vector<Mutant> mutants_of(const std::map<int, Site>& sites, const Test* tests, std::size_t count,
                               const std::string& pattern) {
    std::vector<Mutant> mutants;
    for (const auto& site : sites) {
        if ((site.second.place + " " + site.second.call).find(pattern) == std::string::npos) continue;
        std::set<long> steps;
        for (std::size_t i = 0; i < count; ++i) {
            for (const std::atomic<long>& step : tests[i].board.steps[site.first]) {
                if (step != 0) steps.insert(step - 1);
            }
        }
        if (steps.size() > 1 && steps.size() < most_steps) {
            for (const long step : steps) mutants.push_back({site.first, step, Fate::killed});
        } else if (!steps.empty()) {
            mutants.push_back({site.first, -1, Fate::killed});
        } else {
            say("NEVER CALLED " + site.second.place + " " + site.second.call + ": " + site.second.source + "\n");
        }
    }
    return mutants;
}

bool comes_by(const Test& test, const Mutant& mutant) {
    if (test.verdict != Verdict::passed) return false;
    if (mutant.step < 0) return test.board.sees(mutant.site);
    for (const std::atomic<long>& step : test.board.steps[mutant.site]) {
        if (step == mutant.step + 1) return true;
    }
    return false;
}

// A failure counts if it is there each time; one that takes this long is a time-out, and as good as three.
bool always_fails(Worker& worker, const Test& test, const std::string& skip) {
    for (int run = 0; run < runs; ++run) {
        const double start = now();
        if (worker.run(test, skip, 10 + 4 * test.seconds) != Verdict::failed) return false;
        if (now() - start > 5) return true;
    }
    return true;
}

const Test* killer_of(Worker& worker, const Mutant& mutant, const std::vector<const Test*>& quickest_first) {
    std::string skip = std::to_string(mutant.site);
    if (mutant.step >= 0) skip += ":" + std::to_string(mutant.step);
    for (const Test* test : quickest_first) {
        if (comes_by(*test, mutant) && always_fails(worker, *test, skip)) return test;
    }
    return nullptr;
}

Fate tell(const Mutant& mutant, const Test* killer, const std::map<int, Site>& sites,
          const std::vector<Unnoticed>& list) {
    const Site& site = sites.at(mutant.site);
    const std::string title = site.place + " " + site.call + (mutant.step < 0 ? "" : ":" + std::to_string(mutant.step));
    if (killer != nullptr) {
        say("killed " + title + " by: " + killer->name + "\n");
        return Fate::killed;
    }
    for (const Unnoticed& entry : list) {
        if (site.place.compare(0, entry.file.size() + 1, entry.file + ":") != 0) continue;
        if (site.source.find(entry.source) == std::string::npos) continue;
        say("unnoticed " + title + ": " + entry.reason + "\n");
        return Fate::unnoticed;
    }
    say("SURVIVED " + title + ": " + site.source + "\n");
    return Fate::survived;
}

int drive(int argc, char** argv) {
    if (argc < 6) throw std::runtime_error("usage: driver SITES UNNOTICED JOBS PATTERN PROGRAM...");
    const std::string scratch = argv[1];
    const std::map<int, Site> sites = read_sites(argv[1]);
    const std::vector<Unnoticed> list = read_unnoticed(argv[2]);
    const int jobs = std::atoi(argv[3]);
    std::vector<std::pair<std::string, std::string>> names;
    for (int i = 5; i < argc; ++i) {
        for (const std::string& name : names_of(argv[i])) names.emplace_back(argv[i], name);
    }
    Test* const tests = shared<Test>(names.size());
    std::vector<const Test*> quickest_first;
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::snprintf(tests[i].program, sizeof tests[i].program, "%s", names[i].first.c_str());
        std::snprintf(tests[i].name, sizeof tests[i].name, "%s", names[i].second.c_str());
        quickest_first.push_back(&tests[i]);
    }
    const double start = now();
    run_unmutated(tests, names.size(), jobs, scratch);
    std::sort(quickest_first.begin(), quickest_first.end(),
              [](const Test* a, const Test* b) { return a->seconds < b->seconds; });
    long verdicts[3] = {};
    for (const Test* test : quickest_first) ++verdicts[static_cast<int>(test->verdict)];
    std::printf("%ld tests pass, %ld are skipped, %ld fail; %.0f s\n", verdicts[0], verdicts[1], verdicts[2],
                now() - start);
    std::fflush(stdout);

    const std::vector<Mutant> found = mutants_of(sites, tests, names.size(), argv[4]);
    Mutant* const mutants = shared<Mutant>(found.size());
    std::copy(found.begin(), found.end(), mutants);
    share_out(jobs, scratch, found.size(), [&](Worker& worker, std::size_t i) {
        mutants[i].fate = tell(mutants[i], killer_of(worker, mutants[i], quickest_first), sites, list);
    });
    long fates[3] = {};
    for (std::size_t i = 0; i < found.size(); ++i) ++fates[static_cast<int>(mutants[i].fate)];
    std::printf("%zu calls left out: %ld make a test fail, %ld cannot be noticed, %ld survive; %.0f s\n", found.size(),
                fates[0], fates[2], fates[1], now() - start);
    return fates[1] == 0 && verdicts[2] == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    // The first process of a namespace is ended by no signal that it has no handler for.
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, [](int) { _exit(130); });
    try {
        return drive(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "driver: %s\n", error.what());
        return 2;
    }
}
