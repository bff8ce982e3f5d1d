#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

using daemonize::Daemonizer;

TEST_CASE("a daemon gives up new privileges where it is asked to, and its launcher does not") {
    const test::Orphanage orphans;
    const std::string before = test::process_status("NoNewPrivs");
    Daemonizer daemonizer("privileges-test");
    const test::HeldDaemon daemon(daemonizer.no_new_privileges());
    CHECK(test::process_status("NoNewPrivs", daemon.pid()) == "1");
    CHECK(test::process_status("NoNewPrivs") == before);
}

TEST_CASE("a daemon's programs can gain privileges unless it was asked otherwise") {
    const test::Orphanage orphans;
    Daemonizer daemonizer("privileges-test");
    daemonizer.no_new_privileges();
    const test::HeldDaemon daemon(daemonizer.no_new_privileges(false));
    CHECK(test::process_status("NoNewPrivs", daemon.pid()) == test::process_status("NoNewPrivs"));
}
