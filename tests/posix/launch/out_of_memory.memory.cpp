// A launch that runs out of memory at each allocation: the launcher reports one line, and nothing is left behind.
#include "support/abilities.hpp"
#include "support/launch_without_memory.hpp"

#include <functional>
#include <new>
#include <set>
#include <string>
#include <vector>

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Fork;
using daemonize::Launch;
using daemonize::Stage;
using test::ShortMemory;
using test::without_memory::daemon_output;
using test::without_memory::fail_each;
using test::without_memory::Form;
using test::without_memory::name;
using test::without_memory::Place;
using test::without_memory::Trial;

namespace {

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

void check_form(const Form& form, bool is_foreground = false) {
    CHECK(fail_each(form, Trial{false, is_foreground}) > 0);
    // All memory of the daemon is taken before the fork.
    CHECK(fail_each(form, Trial{true, is_foreground}) == 0);
}

} // namespace

TEST_CASE("a launch that runs out of memory says so and leaves nothing") {
    check_form(daemonized([](Daemonizer&, Place&) {}));
    check_form(daemonized([](Daemonizer& daemonizer, Place&) { daemonizer.wait_until_ready(); }));
    check_form(daemonized([](Daemonizer& daemonizer, Place&) { daemonizer.fork(Fork::once).wait_until_ready(); }));
}

TEST_CASE("a launch with every property that runs out of memory says so and leaves nothing") {
    NEEDS(other_users());
    NEEDS(system_directories());
    NEEDS(new_root());
    NEEDS(capabilities({10, 12}));
    check_form(daemonized([](Daemonizer& daemonizer, Place& place) {
        place.log = "/var/log/" + name + "/log";
        place.pid_file = "/run/" + name + "/pid";
        daemonizer.user("nobody").runtime_directory(name).state_directory(name).log_directory(name);
        daemonizer.pid_file(place.pid_file).stdout_to(place.log).stderr_to(place.log).no_new_privileges();
        daemonizer.environment({"PATH", "a_variable_with_a_long_name"}).rlimit(RLIMIT_CORE, 0).wait_until_ready();
        daemonizer.before_drop([] {}).keep_capabilities({10, 12}) /* CAP_NET_BIND_SERVICE, CAP_NET_ADMIN */;
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
                if (::write(STDERR_FILENO, daemon_output.data(), daemon_output.size()) < 0) return 3;
                daemon.ready();
                ShortMemory::end();
                place.stay_up();
                return 0;
            });
            ShortMemory::end();
            launch.print();
            if (launch.ok()) return launch.error_output() == daemon_output ? 0 : 98;
            const bool says_so = launch.failure().code() == std::errc::not_enough_memory;
            return says_so && launch.failure().stage() == Stage::memory ? launch.exit_code() : 97;
        } catch (const std::exception&) {
            ShortMemory::end();
            if (::getpid() != launcher) place.report.send_text("an exception escaped into the daemon's main");
            return 99;
        }
    };
    check_form(form);
}

TEST_CASE("launch() without a body that runs out of memory returns the failure in the launcher alone") {
    check_form([](Place& place, const ShortMemory& shortage) -> int {
        Daemonizer daemonizer = daemonizer_for(place);
        daemonizer.wait_until_ready().show_stdout();
        shortage.begin();
        const Launch launch = daemonizer.launch();
        if (launch.in_daemon()) {
            if (::write(STDERR_FILENO, daemon_output.data(), daemon_output.size()) < 0) return 3;
            if (::write(STDOUT_FILENO, daemon_output.data(), daemon_output.size()) < 0) return 3;
            launch.daemon().ready();
            ShortMemory::end();
            place.stay_up();
            std::exit(0);
        }
        ShortMemory::end();
        launch.print();
        if (launch.ok()) return launch.error_output() == daemon_output && launch.output() == daemon_output ? 0 : 98;
        return launch.failure().code() == std::errc::not_enough_memory ? launch.exit_code() : 97;
    });
}

TEST_CASE("a launch in the foreground that runs out of memory says so and leaves nothing") {
    check_form(daemonized([](Daemonizer& daemonizer, Place&) { daemonizer.foreground(); }), true);
}

TEST_CASE("a launch in the foreground with directories that runs out of memory says so and leaves nothing") {
    NEEDS(other_users());
    NEEDS(system_directories());
    check_form(daemonized([](Daemonizer& daemonizer, Place& place) {
                   place.log = "/var/log/" + name + "/log";
                   place.pid_file = "/run/" + name + "/pid";
                   daemonizer.foreground().user("nobody").runtime_directory(name).log_directory(name);
                   daemonizer.pid_file(place.pid_file).stdout_to(place.log).stderr_to(place.log);
               }),
               true);
}

TEST_CASE("check() and explain() that run out of memory say so, and leave nothing") {
    const test::Orphanage orphans;
    Place place;
    const std::set<int> before = test::open_descriptors();
    const Daemonizer daemonizer = daemonizer_for(place);
    long number = 0;
    for (bool has_failed = true; has_failed; ++number) {
        const ShortMemory shortage{false, number + 1, false};
        shortage.begin();
        const std::vector<Failure> problems = daemonizer.check();
        ShortMemory::end();
        has_failed = ShortMemory::has_failed();
        INFO("allocation " << number + 1);
        CHECK(problems.size() == (has_failed ? 1u : 0u));
        for (const Failure& problem : problems) CHECK(problem.message() == "cannot continue: out of memory");
        bool is_thrown = false;
        shortage.begin();
        try {
            static_cast<void>(daemonizer.explain());
        } catch (const std::bad_alloc&) {
            is_thrown = true;
        }
        ShortMemory::end();
        CHECK(is_thrown == ShortMemory::has_failed());
    }
    CHECK(number > 1);
    CHECK(test::open_descriptors() == before);
    CHECK(orphans.is_empty());
}

TEST_CASE("std::bad_alloc of the application's own functions is a failure of that function") {
    const auto throws = [] { throw std::bad_alloc(); };
    const Launch of_body = Daemonizer(name).wait_until_ready().launch([&] { throws(); });
    CHECK(of_body.failure().stage() == Stage::body);
    CHECK(of_body.exit_code() == 1);
    const Launch of_step = Daemonizer(name).before_drop(throws).launch([] {});
    CHECK(of_step.failure().stage() == Stage::before_drop);
}
