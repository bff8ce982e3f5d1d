// The cost of an idle service, and the time of a stop.
#include "host.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace {

// The number of context switches of the threads. A thread without a context switch has not run: it is still in the
// system call in which it slept, and has made no other call.
std::string switches(pid_t pid) {
    std::string text;
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    DIR* folder = ::opendir(tasks.c_str());
    while (const struct dirent* entry = folder == nullptr ? nullptr : ::readdir(folder)) {
        if (entry->d_name[0] == '.') continue;
        const auto task = static_cast<pid_t>(std::atol(entry->d_name));
        text += test::process_status("State", task) + " " + test::process_status("voluntary_ctxt_switches", task) +
                "+" + test::process_status("nonvoluntary_ctxt_switches", task) + " in " +
                test::contents(tasks + "/" + entry->d_name + "/syscall");
    }
    if (folder != nullptr) ::closedir(folder);
    return text;
}

double milliseconds() {
    struct timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

} // namespace

TEST_CASE("idle: a service with nothing to do makes no system call") {
    NEEDS(own_run());
    const test::Place place;
    REQUIRE(place.run({test::service, "start", "--log", "log"}).code() == 0);
    const pid_t pid = place.pid_of("timestampd");
    // Twice the same: the state is that of a sleeper before the process has left the processor.
    std::string before;
    REQUIRE(test::eventually([&] {
        const std::string earlier = std::exchange(before, switches(pid));
        return before[0] == 'S' && before == earlier;
    }));
    ::poll(nullptr, 0, 2000); // the time without a context switch
    CHECK(switches(pid) == before);

    CHECK(place.run({test::service, "reload"}).code() == 0);
    CHECK(test::eventually([&] { return switches(pid) != before; })); // otherwise the check above proves nothing
    CHECK(place.run({test::service, "stop"}).code() == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
}

TEST_CASE("idle: a stop ends a service that would sleep for a minute") {
    NEEDS(own_run());
    const test::Place place;
    std::vector<double> spans;
    for (int round = 0; round < 20; ++round) {
        REQUIRE(place.run({test::service, "start", "--log", "log"}).code() == 0);
        const pid_t pid = place.pid_of("timestampd");
        REQUIRE(pid > 0);
        const double from = milliseconds();
        test::kill(pid, SIGTERM);
        CHECK(place.orphans().wait_for(pid) == 0);
        spans.push_back(milliseconds() - from);
    }
    std::sort(spans.begin(), spans.end());
    std::printf("from SIGTERM to the service's end: best %.2f ms, median %.2f ms, worst %.2f ms\n", spans.front(),
                spans[spans.size() / 2], spans.back());
}
