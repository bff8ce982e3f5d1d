// A service as process 1 of a container, as a container runtime starts it: in a new pid namespace with its own /proc.
#include "host.hpp"

#include <sys/ioctl.h>

using test::eventually;
using test::has;

namespace test {

// setsid --ctty takes the terminal of another session, which CAP_SYS_ADMIN of the first user namespace allows.
inline std::string taken_terminals() {
    return unable("take a terminal from another session", [] {
        ::signal(SIGHUP, SIG_IGN); // at the end of the terminal
        const Terminal terminal;
        terminal.take();
        const std::string error = in_child([] {
            ::setsid();
            return std::to_string(::ioctl(STDIN_FILENO, TIOCSCTTY, 1) == 0 ? 0 : errno);
        });
        errno = std::atoi(error.c_str());
        return errno == 0;
    });
}

} // namespace test

namespace {

const test::Command runtime = {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};

test::Command contained(test::Command command) {
    command.insert(command.begin(), runtime.begin(), runtime.end());
    return command;
}

// The only child of this process; 0 if there is no child, or more than one.
pid_t child_of(pid_t parent) {
    const std::set<std::string> children = test::children_of(parent);
    return children.size() == 1 ? static_cast<pid_t>(std::atol(children.begin()->c_str())) : 0;
}

// The program probe as process 1.
class Container {
  public:
    Container(const test::Place& place, const test::Terminal* terminal, const test::Command& command) : place_(place) {
        runtime_ = place.start(contained(command), [&] {
            if (terminal != nullptr) terminal->take();
            ::setenv("PROBE_LOG", (place / "seen").c_str(), 1);
        });
        if (!eventually([&] { return has(seen(), "host container_init sockets 0\n"); })) {
            throw std::runtime_error("the container does not come up");
        }
        init_ = child_of(runtime_);
        service_ = child_of(init_);
    }

    pid_t init() const { return init_; }
    pid_t service() const { return service_; }
    std::string seen() const { return test::contents(place_ / "seen"); }

    /// The wait status of the runtime, which is the wait status of process 1.
    int end() const { return place_.orphans().wait_for(runtime_); }

    /// Runs a command inside, as `docker exec` does.
    test::Ran inside(const std::string& script) const {
        return place_.run({"nsenter", "--pid", "--mount", "--target", std::to_string(init_), "sh", "-c", script});
    }

  private:
    const test::Place& place_;
    pid_t runtime_ = 0;
    pid_t init_ = 0;
    pid_t service_ = 0;
};

} // namespace

TEST_CASE("container: SIGTERM to process 1 stops the service, and it ends with 0") {
    NEEDS(pid_namespace());
    const test::Place place;
    const Container container(place, nullptr, {test::probe});
    CHECK(test::process_status("NSpid", container.init()) == std::to_string(container.init()) + "\t1");
    REQUIRE(container.service() > 0);
    test::kill(container.init(), SIGTERM); // like `docker stop`
    CHECK(container.end() == 0);
    CHECK(has(container.seen(), "stopped\n"));
    CHECK(place.orphans().is_empty());
}

TEST_CASE("container: orphans are reaped, and their ends are not the service's") {
    NEEDS(pid_namespace());
    const test::Place place;
    const Container container(place, nullptr, {test::probe});
    // Fifty processes whose parent ends before them.
    CHECK(container.inside("for i in $(seq 50); do (sleep 1000 >/dev/null 2>&1 &); done").code() == 0);
    CHECK(eventually([&] { return test::children_of(container.init()).size() == 51; })); // the fifty, and the service
    CHECK(container.inside("kill -9 $(cat /proc/1/task/1/children | tr ' ' '\\n' | tail -n +2)").code() == 0);
    CHECK(eventually([&] { return child_of(container.init()) == container.service(); }));
    container.inside("kill -TERM 1"); // the signal may end the command too
    CHECK(container.end() == 0);
}

TEST_CASE("container: signals are passed on to the service") {
    NEEDS(pid_namespace());
    const test::Place place;
    const Container container(place, nullptr, {test::probe});
    test::kill(container.init(), SIGHUP);
    CHECK(eventually([&] { return has(container.seen(), "reload\n"); }));
    test::kill(container.init(), SIGINT);
    CHECK(container.end() == 0);
    CHECK(has(container.seen(), "interrupted\n"));
}

TEST_CASE("container: the body's exit status is the container's") {
    NEEDS(pid_namespace());
    const test::Place place;
    const test::Ran reported = place.run(contained({test::probe, "run", "exit"}));
    CHECK(reported.code() == 42);
    CHECK(reported.error == "probe: as it was told\n");
    const test::Ran bad = place.run(contained({test::service, "--config", "nowhere", "--log", "log"}));
    CHECK(bad.code() == 6);
    CHECK(bad.error == "timestampd: nowhere holds no number of seconds\n");
}

TEST_CASE("container: a service that is killed ends the container as a shell would tell it") {
    NEEDS(pid_namespace());
    const test::Place place;
    const Container container(place, nullptr, {test::probe});
    test::kill(container.service(), SIGKILL);
    const int status = container.end();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 128 + SIGKILL);
}

TEST_CASE("container: nothing outlives process 1") {
    NEEDS(pid_namespace());
    const test::Place place;
    const Container container(place, nullptr, {test::probe});
    const test::Watched service(container.service());
    test::kill(container.init(), SIGKILL);
    container.end();
    CHECK(service.ends());
}

TEST_CASE("container: Ctrl-C on the terminal that process 1 was started at stops the service") {
    NEEDS(pid_namespace());
    NEEDS(terminals());
    const test::Place place;
    const test::Terminal terminal;
    const Container container(place, &terminal, {test::probe});
    terminal.type("\x03");
    CHECK(container.end() == 0);
    CHECK(has(container.seen(), "interrupted\n"));
}

TEST_CASE("container: Ctrl-C on a terminal whose session process 1 leads stops the service") {
    NEEDS(pid_namespace());
    NEEDS(taken_terminals());
    NEEDS(terminals());
    const test::Place place;
    const test::Terminal terminal;
    const Container container(place, &terminal, {"setsid", "--ctty", test::probe}); // like `docker run -t`
    CHECK(test::process_status("NSsid", container.init()) == std::to_string(container.init()) + "\t1");
    terminal.type("\x03");
    CHECK(container.end() == 0);
    CHECK(has(container.seen(), "interrupted\n"));
}
