// Runs a launch once for each allocation, which fails: the daemon is up, or the launcher reports one line ("out of
// memory") and leaves nothing behind.
#ifndef DAEMONIZE_TESTS_SUPPORT_LAUNCH_WITHOUT_MEMORY_HPP
#define DAEMONIZE_TESTS_SUPPORT_LAUNCH_WITHOUT_MEMORY_HPP

#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/short_memory.hpp"

#include <functional>
#include <string>

#include <daemonize.hpp>

namespace test {
namespace without_memory {

inline const std::string name = "a-daemon-with-a-long-name-" + std::to_string(::getpid());
inline const std::string progress = "warming up a cache that has a long name";
inline const std::string daemon_output = "words of the daemon, rather many of them\n";

// The paths of one launch, and the pipe by which the daemon reports.
struct Place {
    Directory directory;
    Pipe report, hold;
    std::string pid_file = directory / "a_pid_file_with_a_long_name";
    std::string log = directory / "a_log_file_with_a_long_name";
    bool has_log = true;
    bool has_new_root = false; // hides /proc and the pid file from the daemon

    // In the daemon: reports whether every requested property is there, and stays until the test releases the daemon.
    void stay_up() const {
        const bool named = contents(pid_file) == std::to_string(::getpid()) + "\n";
        const bool logs = link_target("/proc/self/fd/1") == log && link_target("/proc/self/fd/2") == log;
        report.send_text(has_new_root || (named && (logs || !has_log)) ? "up" : "up, but not right");
        hold.wait_until_closed();
    }
};

// Launches, and returns the exit status of the launcher. In the daemon the function reports and exits.
using Form = std::function<int(Place&, const ShortMemory&)>;

struct Attempt {
    Ended launcher;
    std::string daemon;
    bool has_failed = false; // an allocation has failed
    bool is_over = false;    // no process is left
    std::string left;        // the first path that is left
};

inline Attempt attempt(const Form& form, const ShortMemory& shortage, bool is_foreground) {
    Place place;
    const Orphanage orphans;
    ShortMemory().begin(); // no call has failed yet
    ShortMemory::end();
    Launcher launcher([&] {
        place.report.close_read();
        place.hold.close_write();
        return form(place, shortage);
    });
    Attempt result;
    // A daemon in the foreground is its own launcher, and ends when the test releases it.
    if (is_foreground) place.hold.close_write();
    result.launcher = launcher.ended();
    result.has_failed = ShortMemory::has_failed();
    result.is_over = orphans.is_empty();
    place.hold.close_write();
    result.daemon = place.report.rest();
    orphans.wait_until_empty(); // a daemon that is up ends by itself, and takes its pid file with it
    // A daemon that was up keeps its log, and empties a pid file that it cannot reach from its new root.
    if (!result.launcher.with(0) && exists(place.log)) result.left = place.log;
    if (exists(place.pid_file) && (!result.launcher.with(0) || !contents(place.pid_file).empty())) {
        result.left = place.pid_file;
    }
    for (const char* base : {"/run/", "/var/log/", "/var/lib/"}) {
        const std::string path = base + name;
        if (!result.launcher.with(0) && exists(path)) result.left = path;
        ::unlink((path + "/log").c_str());
        ::rmdir(path.c_str());
    }
    return result;
}

// The lines of the launcher, without the lines of the daemon.
inline std::string own_lines(std::string error) {
    for (const std::string& shown : {name + ": " + progress + "\n", daemon_output}) {
        const std::size_t at = error.find(shown);
        if (at != std::string::npos) error.erase(at, shown.size());
    }
    return error;
}

// "up", "told" for a reported failure, or the reason why the outcome is wrong. `code` is the expected exit status
// without memory; 0 accepts every failure.
inline std::string verdict(const Attempt& attempt, int code, bool is_name_cut) {
    const std::string error = own_lines(attempt.launcher.error);
    if (!attempt.left.empty()) return "left " + attempt.left;
    if (attempt.launcher.with(0) && attempt.daemon == "up" && error.empty()) return "up";
    if (code != 0 ? attempt.launcher.code() != code : attempt.launcher.code() <= 0) {
        return "wait status " + std::to_string(attempt.launcher.status) + ", " + attempt.daemon;
    }
    if (!attempt.is_over) return "a process was left, " + attempt.daemon;
    const std::string begin = (is_name_cut ? name.substr(0, 15) : name) + ": cannot ", end = ": out of memory\n";
    const bool is_line = error.compare(0, begin.size(), begin) == 0 && error.find('\n') == error.size() - 1 &&
                         error.size() > end.size() && error.compare(error.size() - end.size(), end.size(), end) == 0;
    return is_line ? "told" : "said " + error;
}

// The settings of a trial.
struct Trial {
    bool in_child = false;      // allocations fail in the processes that the launcher forks; else in the launcher
    bool is_foreground = false; // the daemon is its own launcher
    int code = daemonize::exit_code(daemonize::Stage::memory); // 0: of any failure
    bool cuts_name = true; // at the first allocation of a launcher without any memory
};

// Fails each allocation of one kind of process, alone and with all later allocations. Returns the number of
// allocations.
inline long fail_each(const Form& form, const Trial& trial) {
    long failed = 0;
    for (const bool lasts : {false, true}) {
        for (long number = 1;; ++number) {
            const Attempt outcome = attempt(form, ShortMemory{trial.in_child, number, lasts}, trial.is_foreground);
            INFO((trial.in_child ? "child" : "launcher")
                 << ", allocation " << number << (lasts ? " and all later" : ""));
            INFO(outcome.launcher.error);
            const bool is_name_cut = trial.cuts_name && lasts && number == 1 && !trial.in_child;
            const std::string seen = verdict(outcome, trial.code, is_name_cut);
            if (!outcome.has_failed || seen != "told") CHECK(seen == "up");
            if (!outcome.has_failed) break;
            ++failed;
        }
    }
    return failed;
}

} // namespace without_memory
} // namespace test

#endif
