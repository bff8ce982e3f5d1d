// Many simultaneous starts on one pid file: exactly one start succeeds, and the other starts name the process that
// holds the file.
#ifndef DAEMONIZE_TESTS_SUPPORT_SIMULTANEOUS_STARTS_HPP
#define DAEMONIZE_TESTS_SUPPORT_SIMULTANEOUS_STARTS_HPP

#include "support/process.hpp"

#include <daemonize.hpp>

#include <memory>
#include <vector>

namespace test {

/// The results of the starts.
struct StartRace {
    int winners = 0;
    int named_daemon = 0; // refused, with the number of the daemon that runs
    int named_start = 0;  // refused, with the number of the launcher at work
    std::string other;    // other results, which are failures

    int refused() const { return named_daemon + named_start; }
};

inline std::string refusal_by(const std::string& path, const std::string& holder) {
    return "racer: cannot lock the pid file " + path + ": process " + holder + "\n";
}

/// Releases `starts` starts at one moment; the last `late` of them when the winner is ready and its launcher exits.
/// Each start is held until all are forked: a pipe ends only when the last start has closed its copy.
inline StartRace race_starts(const std::string& path, int starts, int late) {
    Pipe flag, second, hold;
    std::vector<std::unique_ptr<Launcher>> launchers;
    for (int i = 0; i < starts; ++i) {
        launchers.push_back(std::make_unique<Launcher>([&, is_late = i >= starts - late] {
            flag.close_write();
            hold.close_write();
            if (is_late) second.close_write();
            (is_late ? second : flag).wait_until_closed();
            daemonize::Daemonizer daemonizer("racer");
            daemonizer.pid_file(path).keep_fd(hold.read_end());
            if (!is_late) daemonizer.keep_fd(second.write_end());
            daemonizer.daemonize();
            if (!is_late) second.send_text(std::string(static_cast<std::size_t>(starts), '.')); // a byte for each
            hold.wait_until_closed();
            std::exit(0);
            return 0;
        }));
    }
    flag.close_write();
    if (late == 0) second.close_write();
    StartRace result;
    pid_t winner = -1;
    std::vector<Ended> losers;
    for (const auto& launcher : launchers) {
        Ended ended = launcher->ended();
        if (ended.with(0)) {
            ++result.winners;
            winner = launcher->pid();
        } else {
            losers.push_back(std::move(ended));
        }
    }
    const std::string daemon = std::to_string(daemonize::PidFile::holder(path).pid);
    const std::string runs = refusal_by(path, daemon + " holds it");
    const std::string begins = refusal_by(path, std::to_string(winner) + " is starting the daemon");
    for (const Ended& ended : losers) {
        if (ended.with(75) && ended.error == runs) {
            ++result.named_daemon;
        } else if (ended.with(75) && ended.error == begins) {
            ++result.named_start;
        } else {
            result.other += "wait status " + std::to_string(ended.status) + ": " + ended.error;
        }
    }
    if (contents(path) != daemon + "\n") result.other += "the file does not name the winner, " + daemon + "\n";
    hold.close_write();
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    if (exists(path)) result.other += "the pid file is left\n";
    return result;
}

} // namespace test

#endif
