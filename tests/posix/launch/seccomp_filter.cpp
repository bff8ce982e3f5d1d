// Under a seccomp filter that refuses close_range, clone3, pidfd_open or prctl, as in containers: the launch uses
// another way, or fails with one line.
#include "support/seccomp_filter.hpp"
#include "support/abilities.hpp"
#include "support/held.hpp"
#include "support/service_program.hpp"

using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Events;
using daemonize::Instance;

namespace {

#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif
#if !defined(SYS_clone3)
#define SYS_clone3 435
#endif
#if !defined(SYS_close_range)
#define SYS_close_range 436
#endif

// Each alone, and all together; by a filter of old, and by one that looks like an old kernel.
struct Refusal {
    std::string name;
    std::vector<long> calls;
    int error;
};

std::vector<Refusal> refusals() {
    const std::vector<std::pair<std::string, std::vector<long>>> sets = {
        {"close_range", {SYS_close_range}},
        {"clone3", {SYS_clone3}},
        {"pidfd_open", {SYS_pidfd_open}},
        {"prctl", {SYS_prctl}},
        {"all", {SYS_close_range, SYS_clone3, SYS_pidfd_open, SYS_prctl}}};
    std::vector<Refusal> all;
    for (const auto& set : sets) {
        for (const int error : {EPERM, ENOSYS}) {
            all.push_back({set.first + (error == EPERM ? ", EPERM" : ", ENOSYS"), set.second, error});
        }
    }
    return all;
}

// Calls `body` in a child of the test with the seccomp filter, and returns the result. This process inherits the
// daemons of the child.
template <class Body>
std::string under(const Refusal& refusal, Body body) {
    return test::in_child([&] {
        test::default_signals();
        const test::Orphanage orphanage;
        test::refuse_calls(refusal.calls, refusal.error);
        const std::string text = body();
        orphanage.wait_until_empty();
        return text;
    });
}

std::string text_of(const test::Said& said) { return std::to_string(said.code) + " " + said.output + said.error; }

} // namespace

TEST_CASE("whatever the filter refuses, a launch is complete, and its daemon can be found and stopped") {
    for (const Refusal& refusal : refusals()) {
        INFO(refusal.name);
        const test::Directory directory;
        const std::string path = directory / "pid";
        const std::string reported = under(refusal, [&]() -> std::string {
            const int inherited = ::fcntl(STDERR_FILENO, F_DUPFD, 700);
            test::Pipe report;
            const daemonize::Launch launch =
                Daemonizer("filtered")
                    .pid_file(path)
                    .stderr_to(directory / "log")
                    .keep_fd(report.write_end())
                    .wait_until_ready()
                    .launch([&](daemonize::Daemon& daemon) {
                        Events events;
                        daemon.ready();
                        const auto open = test::open_descriptors();
                        report.send_text(open.count(inherited) == 0 ? "clean\n" : "inherited\n");
                        events.wait_for_stop();
                        report.send_text("stopped");
                    });
            if (!launch.ok()) return launch.failure().message();
            std::string text = report.line();
            const Instance instance = Instance::at(path);
            if (instance.status().pid == launch.pid()) text += ", running";
            instance.stop(Duration::milliseconds(test::patience));
            return text + ", " + report.rest() + (test::exists(path) ? ", a file is left" : "");
        });
        CHECK(reported == "clean, running, stopped");
    }
}

TEST_CASE("whatever the filter refuses, a service is started, asked, reloaded, replaced and stopped by its verbs") {
    for (const Refusal& refusal : refusals()) {
        INFO(refusal.name);
        const test::Directory directory;
        const test::Run::Main service = test::plain_service(directory / "pid");
        const std::string reported = under(refusal, [&] {
            std::string codes;
            for (const char* verb : {"start", "start", "status", "reload", "restart", "stop", "stop", "status"}) {
                const test::Said said = test::run(service, {verb});
                codes += std::to_string(said.code) + " " + said.error;
            }
            return codes;
        });
        CHECK(reported == "0 0 0 0 0 0 0 3 ");
        CHECK(!test::exists(directory / "pid"));
    }
}

TEST_CASE("whatever the filter refuses, events tell of children and of signals") {
    for (const Refusal& refusal : refusals()) {
        INFO(refusal.name);
        CHECK(under(refusal, [] {
                  Events events;
                  std::string reported;
                  const pid_t child = test::fork_clean();
                  if (child == 0) std::_Exit(7);
                  events.on_child(child, [&](int status) {
                      reported += "child " + std::to_string(WEXITSTATUS(status));
                      ::raise(SIGHUP);
                  });
                  events.on_reload([&] {
                      reported += ", reload";
                      ::raise(SIGTERM);
                  });
                  events.wait_for_stop();
                  return reported + (events.stop_signal() == SIGTERM ? ", stop" : ", no stop");
              }) == "child 7, reload, stop");
    }
}

TEST_CASE("what cannot be given up without prctl fails the start, at its step, and leaves nothing") {
    NEEDS(other_users());
    for (const int error : {EPERM, ENOSYS}) {
        const test::Directory directory;
        const std::string path = directory / "pid";
        const std::string reason = std::string(": ") + std::strerror(error);
        const Refusal refusal = {"prctl", {SYS_prctl}, error};
        const auto failure_of = [&](Daemonizer& daemonizer) {
            return under(refusal, [&] { return daemonizer.pid_file(path).launch([] {}).failure().message(); });
        };
        Daemonizer user("filtered"), privileges("filtered");
        CHECK(failure_of(user.user("54321").group("54321")) == "cannot become the user 54321" + reason);
        CHECK(failure_of(privileges.no_new_privileges()) == "cannot give up new privileges" + reason);
        const test::Run::Main service =
            test::plain_service(path, [](Daemonizer& daemonizer) { daemonizer.user("54321").group("54321"); });
        CHECK(under(refusal, [&] { return text_of(test::run(service, {"start"})); }) ==
              (error == EPERM ? "4" : "1") + std::string(" tested: cannot become the user 54321") + reason + "\n");
        CHECK(!test::exists(path));
    }
}
