// A daemon notifies its manager after a change of the root and of the user, without the path and without the right to
// connect.
#include "support/abilities.hpp"
#include "support/held_daemon.hpp"
#include "support/manager.hpp"

using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Notifier;

namespace {

std::string ready_in(Notifier& notifier) {
    Failure failure;
    return notifier.ready("from " + std::to_string(::getuid()), failure) ? "told" : failure.message();
}

} // namespace

TEST_CASE("a notifier that was opened before the launch speaks for the daemon") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    Failure failure;
    Notifier notifier = Notifier::from_environment(failure);
    Daemonizer daemonizer("notifier-test");
    const test::HeldDaemon daemon(daemonizer.keep_fd(notifier.native_handle()), [&] {
        Failure unseen;
        const bool follows = Notifier::from_environment(unseen).watchdog_interval() == daemonize::Duration::seconds(1);
        return ready_in(notifier) + (follows ? ", and the watchdog follows" : "");
    });
    CHECK(daemon.reported() == "told, and the watchdog follows");
    CHECK(manager.receive().sender == daemon.pid());
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
}

TEST_CASE("a notifier works in a new root and as another user") {
    NEEDS(other_users());
    NEEDS(new_root());
    const test::Orphanage orphans;
    const test::Directory directory, jail;
    const test::Manager manager(directory / "notify");
    REQUIRE(::chmod(manager.address().c_str(), 0600) == 0);
    Failure failure;
    Notifier notifier = Notifier::from_environment(failure);
    Daemonizer daemonizer("notifier-test");
    daemonizer.chroot(jail.path()).user("65534").group("65534").keep_fd(notifier.native_handle());
    const test::HeldDaemon daemon(daemonizer, [&] {
        Failure late;
        static_cast<void>(Notifier::from_environment(late));
        return ready_in(notifier) + "; later: " + late.message();
    });
    CHECK(daemon.reported() ==
          "told; later: cannot notify the service manager at " + manager.address() + ": No such file or directory");
    const test::Notification came = manager.receive();
    CHECK(came.text == "READY=1\nSTATUS=from 65534");
    CHECK(came.sender == daemon.pid());
}
