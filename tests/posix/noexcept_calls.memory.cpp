// The noexcept forms that run out of memory at each allocation: the forms return the failure, and leave nothing behind.
#include "support/short_memory.hpp"

#include "support/abilities.hpp"
#include "support/held_daemon.hpp"
#include "support/manager.hpp"

#include <functional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <daemonize.hpp>

using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Stage;
using test::ShortMemory;

namespace {

const std::string long_name = "a_name_that_is_too_long_for_a_string_s_own_buffer";

// Calls `call(failure)` once for each of its allocations, which fails, alone and with all later ones. `prepare` comes
// before each call, and `is_clean` after each call that has failed. Returns "told" where each call returned the
// failure, "no allocation", or the first thing that was wrong.
template <class Call>
std::string fail_each(
    Stage stage, Call call, const std::function<void()>& prepare = [] {},
    const std::function<bool()>& is_clean = [] { return true; }) {
    bool has_failed = false;
    for (const bool lasts : {false, true}) {
        for (long number = 1;; ++number) {
            prepare();
            const std::set<int> before = test::open_descriptors();
            Failure failure;
            const ShortMemory shortage{false, number, lasts};
            shortage.begin();
            const bool succeeded = call(failure);
            ShortMemory::end();
            const std::string at = "allocation " + std::to_string(number) + ", " + failure.message() + ": ";
            if (!ShortMemory::has_failed()) {
                if (!succeeded || failure) return at + "failed with memory";
                break;
            }
            has_failed = true;
            if (succeeded) return at + "succeeded";
            if (failure.code() != std::errc::not_enough_memory || failure.stage() != stage)
                return at + "another failure";
            if (failure.message().find(": out of memory") == std::string::npos) return at + "another message";
            if (test::open_descriptors() != before) return at + "a descriptor was left";
            if (!is_clean()) return at + "something was left";
        }
    }
    return has_failed ? "told" : "no allocation";
}

} // namespace

TEST_CASE("a PidFile that runs out of memory leaves no file") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / long_name;
    const auto acquire = [&](Failure& failure) {
        return static_cast<bool>(daemonize::PidFile::acquire(path, failure));
    };
    CHECK(fail_each(
              Stage::pid_file_open, acquire, [] {}, [&] { return !test::exists(path); }) == "told");
    test::write_file(path, "1\n");
    const auto ask = [&](Failure& failure) { return !daemonize::PidFile::holder(path, failure).running && !failure; };
    CHECK(fail_each(Stage::pid_file_open, ask) == "told");
}

TEST_CASE("the calls of an Instance that run out of memory return the failure") {
    const test::Directory directory;
    const test::Orphanage orphans;
    const std::string path = directory / long_name;
    const daemonize::Instance instance = daemonize::Instance::at(path);
    Daemonizer daemonizer("memory-test");
    daemonizer.pid_file(path);
    {
        test::HeldDaemon daemon(daemonizer, [] {
            ::signal(SIGHUP, [](int) {});
            return std::string();
        });
        const auto status = [&](Failure& failure) {
            return instance.status(failure).state == daemonize::Instance::State::running && !failure;
        };
        CHECK(fail_each(Stage::instance, status) == "told");
        const auto signal = [&](Failure& failure) { return instance.signal(SIGCONT, failure); };
        CHECK(fail_each(Stage::instance, signal) == "told");
        const auto reload = [&](Failure& failure) { return instance.reload(failure); };
        CHECK(fail_each(Stage::instance, reload) == "told");
    }
    test::write_file(path, "123456789\n"); // of a dead daemon
    const auto stop = [&](Failure& failure) {
        return instance.stop(daemonize::Duration::milliseconds(test::patience), daemonize::OnTimeout::fail, failure);
    };
    CHECK(fail_each(Stage::instance, stop) == "told");
    CHECK_FALSE(test::exists(path));
    const auto wait = [&](Failure& failure) {
        return instance.wait(daemonize::Duration::milliseconds(test::patience), failure);
    };
    CHECK(fail_each(Stage::instance, wait) == "no allocation");
}

TEST_CASE("a socket that runs out of memory is closed, and leaves no file") {
    const test::Directory directory;
    const std::string path = directory / "a_socket_with_a_long_name";
    const auto listen = [&](Failure& failure) {
        const daemonize::Socket socket = daemonize::listen_on(long_name, path, failure);
        return static_cast<bool>(socket);
    };
    CHECK(fail_each(
              Stage::sockets, listen, [&] { ::unlink(path.c_str()); }, [&] { return !test::exists(path); }) == "told");
    const auto resolve = [&](Failure& failure) {
        const daemonize::Socket socket = daemonize::listen_on(long_name, "[::1]:0", failure);
        return static_cast<bool>(socket);
    };
    CHECK(fail_each(Stage::sockets, resolve) == "told");
}

TEST_CASE("passed sockets that find no memory are not taken") {
    const std::string seen = test::in_child([&]() -> std::string {
        const int null = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 50);
        const auto pass = [&] {
            for (const int number : {3, 4}) {
                if (::dup2(null, number) != number) std::abort();
            }
            ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
            ::setenv("LISTEN_FDS", "2", 1);
            ::setenv("LISTEN_FDNAMES", (long_name + ":" + long_name).c_str(), 1);
        };
        const auto take = [](Failure& failure) {
            const std::vector<daemonize::Socket> sockets = daemonize::listen_fds(failure);
            return sockets.size() == 2;
        };
        const auto is_untouched = [] { return ::fcntl(3, F_GETFD) == 0 && ::fcntl(4, F_GETFD) == 0; };
        return fail_each(Stage::sockets, take, pass, is_untouched);
    });
    CHECK(seen == "told");
}

TEST_CASE("detect_host() that runs out of memory returns the failure") {
    const auto detect = [](Failure& failure) {
        static_cast<void>(daemonize::detect_host(failure));
        return !failure;
    };
    CHECK(fail_each(Stage::memory, detect) == "told");
    ::setenv("DAEMONIZE_HOST", "supervisor", 1);
    CHECK(fail_each(Stage::memory, detect) == "told");
    ::unsetenv("DAEMONIZE_HOST");
}

TEST_CASE("Events that run out of memory take no signal, and lose none") {
    struct Large {
        char bytes[64] = {};
        int* calls = nullptr;
        void operator()() const { ++*calls; }
        void operator()(int) const { ++*calls; }
    };
    Failure failure;
    daemonize::Events events(failure);
    REQUIRE(events);
    int calls = 0;
    Large count;
    count.calls = &calls;
    const auto is_default = [] {
        struct sigaction action;
        return ::sigaction(SIGUSR2, nullptr, &action) == 0 && action.sa_handler == SIG_DFL;
    };
    const auto take = [&](Failure& why) { return events.on(SIGUSR2, count, why); };
    bool has_taken = false;
    const auto take_first = [&](Failure& why) {
        const bool taken = take(why);
        has_taken = has_taken || taken;
        return taken;
    };
    CHECK(fail_each(
              Stage::events, take_first, [] {}, [&] { return has_taken || is_default(); }) == "told");
    ::raise(SIGUSR2);
    events.poll();
    CHECK(calls == 1);

    const pid_t child = test::fork_clean();
    if (child == 0) std::_Exit(0);
    const auto watch = [&](Failure& why) { return events.on_child(child, count, why); };
    CHECK(fail_each(Stage::events, watch) == "told");
    // Polls allocate nothing: they could lose an event.
    const ShortMemory none{false, 1, true};
    none.begin();
    while (calls < 2) {
        if (!events.sleep_for(daemonize::Duration::milliseconds(10))) break;
    }
    ShortMemory::end();
    CHECK_FALSE(ShortMemory::has_failed());
    CHECK(calls == 2);
}

TEST_CASE("a callback that replaces itself without memory stays") {
    Failure failure;
    daemonize::Events events(failure);
    REQUIRE(events);
    int first = 0, second = 0;
    for (long number = 1; second == 0; ++number) {
        REQUIRE(events.on(
            SIGUSR2,
            [&, number] {
                const std::string large = long_name; // of the callback that runs
                const ShortMemory shortage{false, number, false};
                shortage.begin();
                const bool replaced = events.on(
                    SIGUSR2, [&] { ++second; }, failure);
                ShortMemory::end();
                CHECK(replaced == !ShortMemory::has_failed());
                if (large == long_name) ++first;
            },
            failure));
        ::raise(SIGUSR2);
        events.poll();
        ::raise(SIGUSR2);
        events.poll();
        if (second == 0) CHECK(first == 2 * number);
    }
    CHECK(first > 1);
}

TEST_CASE("a Notifier that runs out of memory returns the failure") {
    test::Manager manager("@daemonize-memory-" + std::to_string(::getpid()));
    ::setenv("NOTIFY_SOCKET", manager.address().c_str(), 1);
    const auto open = [](Failure& failure) {
        return static_cast<bool>(daemonize::Notifier::from_environment(failure)) && !failure;
    };
    CHECK(fail_each(Stage::notification, open) == "told");
    daemonize::Notifier notifier = daemonize::Notifier::from_environment();
    ::unsetenv("NOTIFY_SOCKET");
    using daemonize::Duration;
    const auto check = [&](const char* what, auto call) {
        INFO(what);
        const std::string seen = fail_each(Stage::notification, call);
        if (seen != "told") CHECK(seen == "no allocation");
        for (int i = 0; i < 2; ++i) CHECK_FALSE(manager.text().empty()); // of the two calls with memory
    };
    check("ready(text)", [&](Failure& failure) { return notifier.ready(long_name, failure); });
    check("ready()", [&](Failure& failure) { return notifier.ready(failure); });
    check("status()", [&](Failure& failure) { return notifier.status(long_name, failure); });
    check("reloading()", [&](Failure& failure) { return notifier.reloading(failure); });
    check("extend_timeout()", [&](Failure& failure) { return notifier.extend_timeout(Duration::seconds(1), failure); });
    check("watchdog_timeout()",
          [&](Failure& failure) { return notifier.watchdog_timeout(Duration::seconds(9), failure); });
    check("main_pid()", [&](Failure& failure) { return notifier.main_pid(123456789, failure); });
    check("store()", [&](Failure& failure) { return notifier.store(0, long_name, failure); });
    check("remove()", [&](Failure& failure) { return notifier.remove(long_name, failure); });
}
