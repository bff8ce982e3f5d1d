// A launch that runs out of memory at any of its allocations: the launcher says so in one line, and nothing is left behind.
#include "support/short_memory.hpp"

#include "support/catch.hpp"
#include "support/process.hpp"

#include <functional>
#include <new>
#include <string>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;
using test::ShortMemory;

namespace {

const std::string name = "a-daemon-with-a-long-name-" + std::to_string(::getpid());
const std::string progress = "warming up a cache that has a long name";
const std::string words = "words of the daemon, rather many of them\n";

// The paths of one launch, and the pipe by which the daemon reports.
struct Place {
    test::Directory directory;
    test::Pipe report, hold;
    std::string pid_file = directory / "a_pid_file_with_a_long_name";
    std::string log = directory / "a_log_file_with_a_long_name";
    bool has_new_root = false; // which hides /proc and the pid file from the daemon

    // In the daemon: reports that everything that was asked for is there, and stays until the test lets go.
    void stay_up() const {
        const bool named = test::contents(pid_file) == std::to_string(::getpid()) + "\n";
        const bool logs = test::link_target("/proc/self/fd/1") == log && test::link_target("/proc/self/fd/2") == log;
        report.tell(has_new_root || (named && logs) ? "up" : "up, but not right");
        hold.wait_until_closed();
    }
};

// Launches, and returns the exit status of the launcher. In the daemon it reports and exits.
using Form = std::function<int(Place&, const ShortMemory&)>;

// The properties that any user may ask for.
Daemonizer daemonizer_for(const Place& place) {
    Daemonizer daemonizer(name);
    daemonizer.keep_fd(place.report.write_end())
        .keep_fd(place.hold.read_end())
        .pid_file(place.pid_file)
        .stdout_to(place.log)
        .stderr_to(place.log);
    return daemonizer;
}

// daemonize(), with what is set on top.
Form daemonized(std::function<void(Daemonizer&, Place&)> set) {
    return [set](Place& place, const ShortMemory& shortage) -> int {
        Daemonizer daemonizer = daemonizer_for(place);
        set(daemonizer, place);
        shortage.begin();
        Daemon daemon = daemonizer.daemonize();
        daemon.progress("warming up a cache that has a long name");
        daemon.ready();
        ShortMemory::end();
        place.stay_up();
        std::exit(0);
    };
}

struct Attempt {
    test::Ended launcher;
    std::string daemon;
    bool has_failed = false; // an allocation has
    bool is_over = false;    // no process is left
    std::string left;        // the first path that is
};

Attempt attempt(const Form& form, const ShortMemory& shortage, bool is_foreground) {
    Place place;
    const test::Orphanage orphans;
    ShortMemory().begin(); // no call has failed yet
    ShortMemory::end();
    test::Launcher launcher([&] {
        place.report.close_read();
        place.hold.close_write();
        return form(place, shortage);
    });
    Attempt result;
    // A daemon in the foreground is its own launcher, and ends when the test lets go.
    if (is_foreground) place.hold.close_write();
    result.launcher = launcher.ended();
    result.has_failed = ShortMemory::has_failed();
    result.is_over = orphans.is_empty();
    place.hold.close_write();
    result.daemon = place.report.rest();
    orphans.wait_until_empty(); // a daemon that is up ends by itself, and takes its pid file with it
    // A daemon that was up keeps its log, and empties a pid file that it cannot reach from its new root.
    if (!result.launcher.with(0) && test::exists(place.log)) result.left = place.log;
    if (test::exists(place.pid_file) && (!result.launcher.with(0) || !test::contents(place.pid_file).empty())) {
        result.left = place.pid_file;
    }
    for (const char* base : {"/run/", "/var/log/", "/var/lib/"}) {
        const std::string path = base + name;
        if (!result.launcher.with(0) && test::exists(path)) result.left = path;
        ::unlink((path + "/log").c_str());
        ::rmdir(path.c_str());
    }
    return result;
}

// The launcher's lines but for those of the daemon.
std::string own_lines(std::string error) {
    for (const std::string& shown : {name + ": " + progress + "\n", words}) {
        const std::size_t at = error.find(shown);
        if (at != std::string::npos) error.erase(at, shown.size());
    }
    return error;
}

// "up", "told", or why the outcome is neither.
std::string verdict(const Attempt& attempt, const std::string& line) {
    const std::string error = own_lines(attempt.launcher.error);
    if (!attempt.left.empty()) return "left " + attempt.left;
    if (attempt.launcher.with(0) && attempt.daemon == "up" && error.empty()) return "up";
    if (attempt.launcher.code() != daemonize::exit_code(Stage::memory)) {
        return "wait status " + std::to_string(attempt.launcher.status) + ", " + attempt.daemon;
    }
    if (!attempt.is_over) return "a process was left, " + attempt.daemon;
    return error == line ? "told" : "said " + error;
}

// Fails each allocation of one kind of process, alone and with all later ones. Returns how many there were.
long fail_each(const Form& form, bool in_child, bool is_foreground) {
    const std::string line = name + ": cannot continue: out of memory\n";
    long failed = 0;
    for (const bool lasts : {false, true}) {
        for (long number = 1;; ++number) {
            const Attempt outcome = attempt(form, ShortMemory{in_child, number, lasts}, is_foreground);
            INFO((in_child ? "child" : "launcher") << ", allocation " << number << (lasts ? " and all later" : ""));
            INFO(outcome.launcher.error);
            // Without any memory, a name is cut to the size of a std::string's own buffer.
            const bool is_name_cut = lasts && number == 1 && !in_child;
            const std::string shown = is_name_cut ? line.substr(0, 15) + line.substr(name.size()) : line;
            const std::string seen = verdict(outcome, shown);
            if (!outcome.has_failed || seen != "told") CHECK(seen == "up");
            if (!outcome.has_failed) break;
            ++failed;
        }
    }
    return failed;
}

void check_form(const Form& form, bool is_foreground = false) {
    CHECK(fail_each(form, false, is_foreground) > 0);
    // All memory of the daemon is taken before the fork.
    CHECK(fail_each(form, true, is_foreground) == 0);
}

} // namespace

TEST_CASE("a launch that runs out of memory says so and leaves nothing") {
    check_form(daemonized([](Daemonizer&, Place&) {}));
    check_form(daemonized([](Daemonizer& daemonizer, Place&) { daemonizer.wait_until_ready(); }));
    check_form(daemonized([](Daemonizer& daemonizer, Place&) { daemonizer.fork(Fork::once).wait_until_ready(); }));
}

TEST_CASE("a launch with every property that runs out of memory says so and leaves nothing") {
    if (::geteuid() != 0) SKIP_TEST("needs root");
    check_form(daemonized([](Daemonizer& daemonizer, Place& place) {
        place.log = "/var/log/" + name + "/log";
        place.pid_file = "/run/" + name + "/pid";
        daemonizer.user("nobody").runtime_directory(name).state_directory(name).log_directory(name);
        daemonizer.pid_file(place.pid_file).stdout_to(place.log).stderr_to(place.log).no_new_privileges();
        daemonizer.environment({"PATH", "a_variable_with_a_long_name"}).rlimit(RLIMIT_CORE, 0).wait_until_ready();
        daemonizer.before_drop([] {});
    }));
    check_form(daemonized([](Daemonizer& daemonizer, Place& place) {
        place.log = "/" + name;
        daemonizer.chroot(place.directory.path()).stdout_to(place.log).stderr_to(place.log).runtime_directory(name);
        daemonizer.wait_until_ready();
        place.log = place.directory / name;
        place.has_new_root = true;
    }));
}

TEST_CASE("launch() that runs out of memory returns the failure, and nothing escapes into the daemon's main") {
    const Form form = [](Place& place, const ShortMemory& shortage) -> int {
        Daemonizer daemonizer = daemonizer_for(place);
        daemonizer.wait_until_ready();
        const int launcher = ::getpid();
        try {
            shortage.begin();
            const Launch launch = daemonizer.launch([&](Daemon& daemon) {
                daemon.progress("warming up a cache that has a long name");
                if (::write(STDERR_FILENO, words.data(), words.size()) < 0) return 3;
                daemon.ready();
                ShortMemory::end();
                place.stay_up();
                return 0;
            });
            ShortMemory::end();
            launch.print();
            if (launch.ok()) return launch.error_output() == words ? 0 : 98;
            const bool says_so = launch.failure().code() == std::errc::not_enough_memory;
            return says_so && launch.failure().stage() == Stage::memory ? launch.exit_code() : 97;
        } catch (const std::exception&) {
            ShortMemory::end();
            if (::getpid() != launcher) place.report.tell("an exception escaped into the daemon's main");
            return 99;
        }
    };
    check_form(form);
}

TEST_CASE("a launch in the foreground that runs out of memory says so and leaves nothing") {
    check_form(daemonized([](Daemonizer& daemonizer, Place&) { daemonizer.foreground(); }), true);
    if (::geteuid() != 0) return;
    check_form(daemonized([](Daemonizer& daemonizer, Place& place) {
                   place.log = "/var/log/" + name + "/log";
                   place.pid_file = "/run/" + name + "/pid";
                   daemonizer.foreground().user("nobody").runtime_directory(name).log_directory(name);
                   daemonizer.pid_file(place.pid_file).stdout_to(place.log).stderr_to(place.log);
               }),
               true);
}

TEST_CASE("std::bad_alloc of the application's own functions is a failure of that function") {
    const auto throws = [] { throw std::bad_alloc(); };
    const Launch of_body = Daemonizer(name).wait_until_ready().launch([&] { throws(); });
    CHECK(of_body.failure().stage() == Stage::body);
    CHECK(of_body.exit_code() == 1);
    const Launch of_step = Daemonizer(name).before_drop(throws).launch([] {});
    CHECK(of_step.failure().stage() == Stage::before_drop);
}
