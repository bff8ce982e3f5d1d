// Events and Notifier with several threads: signals to all threads while one thread waits, and notifications from
// several threads. For ThreadSanitizer.
#include <daemonize.hpp>

#include <atomic>
#include <csignal>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "support/catch.hpp"

using daemonize::Duration;

TEST_CASE("callbacks run in the thread that waits, whichever thread a signal comes to") {
    for (int round = 0; round < 20; ++round) {
        daemonize::Events events;
        std::atomic<int> reported{0};
        int reloads = 0, others = 0; // no atomics: they are the waiting thread's alone
        events.on_reload([&] { ++reloads, ++reported; });
        events.on(SIGUSR2, [&] { ++others, ++reported; });
        std::vector<std::thread> senders;
        for (int i = 0; i < 4; ++i) {
            senders.emplace_back([&, i] {
                for (int k = 0; k < 20; ++k) {
                    // To the process, and to this very thread.
                    if (k % 2 == 0) ::kill(::getpid(), i % 2 == 0 ? SIGHUP : SIGUSR2);
                    if (k % 2 != 0) ::raise(i % 2 == 0 ? SIGHUP : SIGUSR2);
                }
            });
        }
        while (reported == 0 || reloads == 0 || others == 0) events.sleep_for(Duration::milliseconds(1));
        for (std::thread& sender : senders) sender.join();
        std::thread stopper([] { ::kill(::getpid(), SIGTERM); });
        events.wait_for_stop();
        stopper.join();
        CHECK(events.stop_requested());
        CHECK(reloads > 0);
        CHECK(others > 0);
    }
}

TEST_CASE("several threads tell the manager, each message whole") {
    const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string name = "daemonize-threads-" + std::to_string(::getpid());
    name.copy(address.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(::bind(manager, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    const daemonize::Notifier notifier = daemonize::Notifier::from_environment();
    ::unsetenv("NOTIFY_SOCKET");
    std::atomic<int> sent{0};
    std::vector<std::thread> senders;
    for (int i = 0; i < 4; ++i) {
        senders.emplace_back([&, i] {
            for (int k = 0; k < 50; ++k) {
                sent += notifier.try_status("thread " + std::to_string(i)) ? 1 : 0;
                sent += notifier.try_watchdog() ? 1 : 0;
                sent += notifier.try_extend_timeout(Duration::seconds(1)) ? 1 : 0;
            }
        });
    }
    int messages = 0, broken = 0;
    while (messages < 600) {
        char text[256];
        const ssize_t got = ::recv(manager, text, sizeof text, 0);
        const std::string message(text, static_cast<std::size_t>(got < 0 ? 0 : got));
        const bool whole = message == "WATCHDOG=1" || message == "EXTEND_TIMEOUT_USEC=1000000" ||
                           (message.size() == 15 && message.find("STATUS=thread ") == 0);
        broken += whole ? 0 : 1;
        ++messages;
    }
    for (std::thread& sender : senders) sender.join();
    ::close(manager);
    CHECK(sent == 600);
    CHECK(broken == 0);
}
