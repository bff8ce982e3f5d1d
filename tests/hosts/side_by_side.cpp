// Several instances of one program at the same time, and an instance that binds port 80 as nobody.
#include "host.hpp"

#include <net/if.h>
#include <sys/ioctl.h>

namespace {

// In a child of the test: enters a new network namespace, in which every port is free.
void enter_network() {
    struct ifreq loopback = {};
    std::memcpy(loopback.ifr_name, "lo", 3);
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool is_up = ::unshare(CLONE_NEWNET) == 0 &&
                       ::ioctl(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &loopback) == 0;
    if (!is_up) std::abort();
}

} // namespace

TEST_CASE("instances: two of one program live side by side, and each is started once") {
    NEEDS(own_run());
    const test::Place place;
    const auto verb = [&](const char* instance, const char* word) {
        return place.run({test::probe, word}, [&] { ::setenv("PROBE_INSTANCE", instance, 1); });
    };
    CHECK(verb("eu", "start").code() == 0);
    const pid_t eu = place.pid_of("probe@eu");
    CHECK(verb("us", "start").code() == 0);
    const pid_t us = place.pid_of("probe@us");
    REQUIRE(eu > 0);
    REQUIRE(us > 0);
    CHECK(eu != us);
    const test::Ran again = verb("eu", "start");
    CHECK(again.code() == 0);
    CHECK(again.output == "probe@eu: already running, pid " + std::to_string(eu) + "\n");

    CHECK(verb("eu", "stop").output == "probe@eu: stopped\n");
    CHECK(place.orphans().wait_for(eu) == 0);
    CHECK(verb("eu", "status").code() == 3);
    CHECK(verb("us", "status").code() == 0);
    CHECK(verb("us", "stop").code() == 0);
    CHECK(place.orphans().wait_for(us) == 0);
    CHECK(place.orphans().is_empty());
}

TEST_CASE("port 80: a service that runs as nobody listens there") {
    NEEDS(other_users());
    NEEDS(own_run());
    NEEDS(network_namespace());
    const test::Place place;
    test::write_file(place / "seen", "");
    REQUIRE(::chmod((place / "seen").c_str(), 0666) == 0);
    const test::Ran ran = place.run({test::probe, "start"}, [&] {
        enter_network();
        ::setenv("PROBE_LISTEN", "127.0.0.1:80", 1);
        ::setenv("PROBE_USER", "nobody", 1);
        ::setenv("PROBE_LOG", (place / "seen").c_str(), 1);
    });
    CHECK(ran.error == "");
    REQUIRE(ran.code() == 0);
    const pid_t pid = place.pid_of("probe");
    CHECK(test::eventually(
        [&] { return test::contents(place / "seen") == "host unknown sockets 1\n"; })); // when the service is ready
    CHECK(test::process_status("Uid", pid) == "65534\t65534\t65534\t65534");
    const std::string listening = test::contents("/proc/" + std::to_string(pid) + "/net/tcp");
    CHECK(test::has(listening, "0100007F:0050 00000000:0000 0A")); // a listening socket at 127.0.0.1:80
    CHECK(place.run({test::probe, "stop"}).code() == 0);
    CHECK(place.orphans().wait_for(pid) == 0);
}

TEST_CASE("port 80: where it is refused, one line says so and nobody is left") {
    NEEDS(own_run());
    NEEDS(ordinary_user());
    if (::geteuid() == 0) {
        NEEDS(network_namespace()); // in a new one the ports below 1024 are reserved
    } else {
        NEEDS(reserved_ports());
    }
    const test::Place place;
    const test::Ran ran = place.run({place.copy_of(test::probe), "start"}, [&] {
        if (::geteuid() == 0) enter_network();
        const std::string run = place / "run";
        if (::geteuid() == 0 && ::chown(run.c_str(), test::nobody, test::nobody) != 0) std::abort();
        ::setenv("XDG_RUNTIME_DIR", run.c_str(), 1);
        test::become_nobody();
        ::setenv("PROBE_LISTEN", "127.0.0.1:80", 1);
    });
    CHECK(ran.error == "probe: cannot use the socket http 127.0.0.1:80: Permission denied\n");
    CHECK(ran.code() == 4);
    CHECK(place.orphans().is_empty());
}
