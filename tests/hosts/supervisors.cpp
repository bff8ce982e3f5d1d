// s6, runit and daemontools: supervisors that run the program of a run script in the foreground.
#include "host.hpp"

using test::eventually;
using test::has;

namespace {

// A directory of services for all three supervisors: NAME/run, and other files in NAME.
class Services {
  public:
    explicit Services(const test::Place& place) : place_(place) {
        if (::mkdir((*this / "").c_str(), 0755) != 0) throw std::runtime_error("cannot make a directory");
    }

    std::string operator/(const std::string& name) const { return place_ / ("services/" + name); }

    void add(const std::string& name, const std::string& script) const {
        const std::string directory = *this / name, run = directory + "/run";
        // The service is complete before the supervisor, which looks for new services, can see it.
        if (::mkdir((place_ / "new").c_str(), 0755) != 0) throw std::runtime_error("cannot make a directory");
        test::write_file(place_ / "new/run",
                         "#!/bin/sh\nexec 2>>" + (place_ / (name + ".stderr")) + "\n" + script + "\n");
        if (name == "timestampd") test::write_file(place_ / "new/notification-fd", "3\n");
        if (::chmod((place_ / "new/run").c_str(), 0755) != 0 ||
            ::rename((place_ / "new").c_str(), directory.c_str()) != 0) {
            throw std::runtime_error("cannot make " + directory);
        }
    }

    /// Adds the example service, which reads its configuration from conf. `prefix` is the text before its command.
    void add_service(const std::string& prefix = "") const {
        test::write_file(place_ / "conf", "1000");
        add("timestampd",
            prefix + " exec '" + test::service + "' --log " + (place_ / "log") + " --config " + (place_ / "conf"));
    }
    void add_probe() const { add("probe", "PROBE_LOG=" + (place_ / "seen") + " exec '" + test::probe + "'"); }

    /// The text that a service wrote to standard error.
    std::string error_output(const std::string& name) const { return test::contents(place_ / (name + ".stderr")); }
    std::string seen() const { return test::contents(place_ / "seen"); }

  private:
    const test::Place& place_;
};

// A good and a bad configuration, each followed by the SIGHUP command of the supervisor.
template <class Reload>
void reloads(const test::Place& place, const Services& services, Reload reload) {
    test::write_file(place / "conf", "soon");
    CHECK(reload() == 0);
    CHECK(eventually([&] {
        return has(services.error_output("timestampd"),
                   "cannot use the new configuration: " + (place / "conf") + " holds no number of seconds\n");
    }));
    CHECK(test::contents(place / "log").size() == 25); // one line: the service sleeps as before
    test::write_file(place / "conf", "1");
    CHECK(reload() == 0);
}

void end(const test::Place& place, pid_t supervisor, int signal) {
    test::kill(supervisor, signal);
    place.orphans().wait_until_empty();
}

class S6 {
  public:
    S6(const test::Place& place, const Services& services)
        : place_(place), services_(services), pid_(place.start({"s6-svscan", services / ""})) {}

    test::Ran tool(test::Command command, const std::string& name) const {
        command.push_back(services_ / name);
        return place_.run(command);
    }
    bool supervises(const std::string& name) const {
        return eventually([&] { return tool({"s6-svok"}, name).code() == 0; });
    }
    std::string status(const std::string& name, const std::string& columns) const {
        return tool({"s6-svstat", "-o", columns}, name).output;
    }
    void end() const { ::end(place_, pid_, SIGTERM); }

  private:
    const test::Place& place_;
    const Services& services_;
    pid_t pid_;
};

} // namespace

TEST_CASE("s6: readiness is the newline at notification-fd, and no sooner than the service is ready") {
    NEEDS_PROGRAM("s6-svscan", "s6");
    NEEDS(own_run());
    const test::Place place;
    const Services services(place);
    const std::string log = place / "log";
    REQUIRE(::mkfifo(log.c_str(), 0600) == 0); // an open for writing waits for a reader, so the start is held
    services.add_service("NOTIFY_FD=3");
    const S6 s6(place, services);
    REQUIRE(s6.supervises("timestampd"));
    CHECK(s6.tool({"s6-svwait", "-u", "-t", "60000"}, "timestampd").code() == 0);
    CHECK(s6.tool({"s6-svwait", "-U", "-t", "300"}, "timestampd").code() == 99); // the exit status of its time-out
    CHECK(s6.status("timestampd", "up,ready") == "true false\n");

    const int reader = ::open(log.c_str(), O_RDONLY | O_CLOEXEC);
    CHECK(s6.tool({"s6-svwait", "-U", "-t", "60000"}, "timestampd").code() == 0);
    CHECK(s6.status("timestampd", "up,ready") == "true true\n");
    ::close(reader);
    s6.end();
    CHECK(place.orphans().is_empty());
}

TEST_CASE("s6: s6-svc reloads, restarts and stops the service") {
    NEEDS_PROGRAM("s6-svscan", "s6");
    NEEDS(own_run());
    const test::Place place;
    const Services services(place);
    services.add_service("NOTIFY_FD=3");
    services.add_probe();
    const S6 s6(place, services);
    REQUIRE(s6.supervises("timestampd"));
    REQUIRE(s6.tool({"s6-svwait", "-U", "-t", "60000"}, "timestampd").code() == 0);
    const std::string pid = s6.status("timestampd", "pid");
    reloads(place, services, [&] { return s6.tool({"s6-svc", "-h"}, "timestampd").code(); });
    CHECK(s6.status("timestampd", "pid,ready") == pid.substr(0, pid.size() - 1) + " true\n");

    CHECK(s6.tool({"s6-svc", "-wR", "-T", "60000", "-r"}, "timestampd").code() == 0);
    CHECK(s6.status("timestampd", "pid,ready") != pid.substr(0, pid.size() - 1) + " true\n");
    CHECK(s6.tool({"s6-svc", "-wD", "-T", "60000", "-d"}, "timestampd").code() == 0);
    CHECK(s6.status("timestampd", "up,exitcode") == "false 0\n");
    CHECK_FALSE(test::exists(place / "run/timestampd.pid"));
    CHECK(eventually([&] { return services.seen() == "host supervisor sockets 0\n"; }));
    s6.end();
    CHECK(services.seen() == "host supervisor sockets 0\nstopped\n");
    CHECK(place.orphans().is_empty());
}

TEST_CASE("s6: a service that was killed is started again, and becomes ready again") {
    NEEDS_PROGRAM("s6-svscan", "s6");
    NEEDS(own_run());
    const test::Place place;
    const Services services(place);
    services.add_service("NOTIFY_FD=3");
    const S6 s6(place, services);
    REQUIRE(s6.supervises("timestampd"));
    REQUIRE(s6.tool({"s6-svwait", "-U", "-t", "60000"}, "timestampd").code() == 0);
    const std::string pid = s6.status("timestampd", "pid");
    CHECK(s6.tool({"s6-svc", "-wR", "-T", "60000", "-k"}, "timestampd").code() == 0);
    CHECK(s6.status("timestampd", "pid") != pid);
    s6.end();
    CHECK(place.orphans().is_empty());
}

TEST_CASE("runit: sv starts, reloads, restarts and stops the service, and tells how it is") {
    NEEDS_PROGRAM("runsvdir", "runit");
    NEEDS(own_run());
    const test::Place place;
    const Services services(place);
    services.add_service();
    services.add_probe();
    const pid_t runsvdir = place.start({"runsvdir", services / ""});
    const auto sv = [&](const char* verb, const char* name) {
        return place.run({"sv", "-w", "60", verb, name}, [&] { ::setenv("SVDIR", (services / "").c_str(), 1); });
    };
    REQUIRE(eventually([&] { return test::exists(services / "timestampd/supervise/ok"); }));
    CHECK(sv("start", "timestampd").code() == 0);
    REQUIRE(eventually([&] { return place.pid_of("timestampd") > 0 && !test::contents(place / "log").empty(); }));
    const pid_t pid = place.pid_of("timestampd");
    CHECK(has(sv("status", "timestampd").output, "run: timestampd: (pid " + std::to_string(pid) + ")"));
    reloads(place, services, [&] { return sv("hup", "timestampd").code(); });
    CHECK(place.pid_of("timestampd") == pid);

    CHECK(sv("restart", "timestampd").code() == 0);
    CHECK(eventually([&] { return place.pid_of("timestampd") > 0 && place.pid_of("timestampd") != pid; }));
    // sv reads the state that runsv has recorded, which may be outdated: a stop that comes too early would have nothing
    // to wait for.
    CHECK(eventually([&] {
        const std::string now = std::to_string(place.pid_of("timestampd"));
        return has(sv("status", "timestampd").output, "run: timestampd: (pid " + now + ")");
    }));
    CHECK(sv("stop", "timestampd").code() == 0);
    CHECK(has(sv("status", "timestampd").output, "down: timestampd: "));
    CHECK_FALSE(test::exists(place / "run/timestampd.pid"));
    CHECK(eventually([&] { return services.seen() == "host supervisor sockets 0\n"; }));
    end(place, runsvdir, SIGHUP); // makes runsvdir end all its services
    CHECK(services.seen() == "host supervisor sockets 0\nstopped\n");
}

TEST_CASE("daemontools: svc reloads and stops the service") {
    NEEDS_PROGRAM("supervise", "daemontools");
    NEEDS(own_run());
    const test::Place place;
    const Services services(place);
    services.add_service();
    services.add_probe();
    const pid_t supervise = place.start({"supervise", services / "timestampd"});
    const pid_t probe = place.start({"supervise", services / "probe"});
    REQUIRE(eventually([&] { return place.run({"svok", services / "timestampd"}).code() == 0; }));
    REQUIRE(eventually([&] { return !test::contents(place / "log").empty(); }));
    REQUIRE(eventually([&] { return services.seen() == "host supervisor sockets 0\n"; }));
    reloads(place, services, [&] { return place.run({"svc", "-h", services / "timestampd"}).code(); });
    CHECK(place.run({"svc", "-dx", services / "timestampd", services / "probe"}).code() == 0);
    CHECK(place.orphans().wait_for(supervise) == 0);
    CHECK(place.orphans().wait_for(probe) == 0);
    CHECK(services.seen() == "host supervisor sockets 0\nstopped\n");
    CHECK(place.orphans().is_empty());
}
