// The init script that the verb install writes without systemd: the actions of `service NAME start` and so on, with a
// private /etc, and the exit statuses for init systems.
#include "host.hpp"

using test::Command;
using test::Ran;

namespace {

// A copy of the system's configuration, mounted at /etc for all programs of the test.
class Machine {
  public:
    Machine() {
        place_.run({"cp", "-R", "/etc", place_ / "etc"}); // without the files that root of a user namespace cannot read
        if (!test::exists(place_ / "etc/passwd")) throw std::runtime_error("cannot copy /etc");
    }

    Ran run(const Command& command) const {
        return place_.run(command, [this] {
            if (::mount((place_ / "etc").c_str(), "/etc", nullptr, MS_BIND, nullptr) != 0) std::abort();
        });
    }
    Ran script(const std::string& verb) const { return run({"/etc/init.d/timestampd", verb}); }

    // The links by which the runlevels start and stop the service.
    std::string links() const { return run({"sh", "-c", "cd /etc && echo rc?.d/*timestampd"}).output; }

    const test::Place& place() const { return place_; }

  private:
    test::Place place_;
};

} // namespace

TEST_CASE("init script: it is installed for the runlevels, and manages the service with LSB's exit statuses") {
    NEEDS(private_mounts());
    NEEDS_PROGRAM("update-rc.d", "init-system-helpers");
    const Machine machine;
    const std::string log = machine.place() / "a log's name";
    const std::string config = machine.place() / "config";
    test::write_file(config, "60\n");

    Ran ran = machine.run({test::service, "install", "--", "--log", log, "--config", config});
    INFO(ran.error);
    REQUIRE(ran.code() == 0);
    const std::string etc = machine.place() / "etc";
    CHECK(test::mode_of(etc + "/init.d/timestampd") == 0755);
    CHECK(test::has(machine.links(), "rc2.d/S"));
    CHECK(test::has(machine.links(), "rc6.d/K"));

    CHECK(machine.script("status").code() == 3);
    ran = machine.script("start");
    INFO(ran.error);
    CHECK(ran.code() == 0);
    const pid_t first = machine.place().pid_of("timestampd");
    CHECK(ran.output == "timestampd: running, pid " + std::to_string(first) + "\n");
    CHECK(!test::contents(log).empty());
    CHECK(machine.script("start").code() == 0);
    CHECK(machine.script("status").code() == 0);
    CHECK(machine.script("reload").code() == 0);

    test::write_file(config, "never\n");
    for (const char* verb : {"reload", "restart", "force-reload"}) {
        ran = machine.script(verb);
        CHECK(ran.code() == 6);
        CHECK(test::has(ran.error, config + " holds no number of seconds"));
    }
    CHECK(machine.place().pid_of("timestampd") == first);
    test::write_file(config, "30\n");
    CHECK(machine.script("restart").code() == 0);
    CHECK(machine.place().pid_of("timestampd") != first);

    CHECK(machine.script("stop").code() == 0);
    CHECK(machine.script("stop").code() == 0);
    CHECK(machine.script("reload").code() == 7);
    CHECK(machine.script("status").code() == 3);
    CHECK(machine.script("begin").code() == 2);
    CHECK(machine.script("").code() == 2);

    CHECK(machine.run({test::service, "uninstall"}).code() == 0);
    CHECK(!test::exists(etc + "/init.d/timestampd"));
    CHECK(!test::has(machine.links(), "rc2.d/S"));
    ran = machine.run({test::service, "uninstall"});
    CHECK(ran.code() == 5);
    CHECK(test::has(ran.error, "timestampd: cannot open the service timestampd: the verb install did not write"));
}

TEST_CASE("init script: what an administrator wrote is neither taken away nor written over") {
    NEEDS(private_mounts());
    NEEDS_PROGRAM("update-rc.d", "init-system-helpers");
    const Machine machine;
    const std::string script = machine.place() / "etc/init.d/timestampd";
    test::write_file(script, "#!/bin/sh\n");
    CHECK(machine.run({test::service, "uninstall"}).code() == 5);
    CHECK(machine.run({test::service, "install"}).code() == 1);
    CHECK(test::contents(script) == "#!/bin/sh\n");
}

TEST_CASE("init script: an installation that cannot be completed leaves nothing") {
    NEEDS(private_mounts());
    const Machine machine;
    const std::string script = machine.place() / "etc/init.d/timestampd";
    const Ran ran = machine.place().run({test::service, "install"}, [&] {
        if (::mount((machine.place() / "etc").c_str(), "/etc", nullptr, MS_BIND, nullptr) != 0 ||
            ::mount("/bin/false", "/usr/sbin/update-rc.d", nullptr, MS_BIND, nullptr) != 0) {
            std::abort();
        }
    });
    CHECK(ran.code() == 1);
    CHECK(ran.error == "timestampd: cannot install the service timestampd: /usr/sbin/update-rc.d timestampd defaults "
                       "ended with status "
                       "1\n");
    CHECK(!test::exists(script));
    CHECK(!test::exists(script + ".new"));
}
