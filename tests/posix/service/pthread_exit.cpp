// pthread_exit(3) in a body: glibc unwinds the stack, and the process goes on with its other threads, or ends.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

#include <daemonize.hpp>

#include <pthread.h>

using daemonize::Context;
using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// Calls `call` on a thread of its own, so that the unwinding ends there, and not in a handler of the test framework.
template <class Call>
void on_thread(Call call) {
    pthread_t thread;
    const auto start = [](void* argument) -> void* {
        (*static_cast<Call*>(argument))();
        return nullptr;
    };
    if (::pthread_create(&thread, nullptr, start, &call) != 0) std::abort();
    ::pthread_join(thread, nullptr);
}

// Runs a service whose body leaves by pthread_exit.
test::Said run_service(const std::function<void(Context&)>& before_exit) {
    const test::Run::Main service = test::program([&](Context& context) -> int {
        before_exit(context);
        ::pthread_exit(nullptr);
    });
    return test::run(
        [&](int argc, char** argv) {
            int code = 0;
            on_thread([&] { code = service(argc, argv); });
            return code;
        },
        {});
}

template <class Body>
Launch launch(Daemonizer& daemonizer, Body body) {
    Launch launch;
    on_thread([&] { launch = daemonizer.allow_threads().wait_until_ready().launch(body); });
    return launch;
}

} // namespace

TEST_CASE("a body that leaves by pthread_exit once ready leaves its daemon to the other threads") {
    const test::Orphanage orphans;
    const test::Directory directory;
    static test::Pipe* report = nullptr;
    static test::Pipe* hold = nullptr;
    test::Pipe pipe, gate;
    report = &pipe;
    hold = &gate;
    Daemonizer daemonizer("tested");
    daemonizer.pid_file(directory / "pid")
        .stderr_to(directory / "log")
        .keep_fd(pipe.write_end())
        .keep_fd(gate.read_end());
    const Launch started = launch(daemonizer, [](Daemon& daemon) {
        pthread_t thread;
        const auto work = [](void*) -> void* {
            hold->wait_until_closed();
            report->send_text("working\n");
            return nullptr;
        };
        daemon.ready();
        if (::pthread_create(&thread, nullptr, work, nullptr) != 0) std::abort();
        ::pthread_exit(nullptr);
    });
    REQUIRE(started.ok());
    gate.close_write();
    const int status = orphans.wait_for(started.pid());
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    pipe.close_write();
    CHECK(pipe.rest() == "working\n");
    CHECK(test::contents(directory / "log").empty());
    CHECK_FALSE(test::exists(directory / "pid"));
}

TEST_CASE("a body that leaves by pthread_exit before it is ready has failed to start") {
    const test::Orphanage orphans;
    const test::Directory directory;
    Daemonizer daemonizer("tested");
    daemonizer.pid_file(directory / "pid");
    const Launch failed = launch(daemonizer, [](Daemon&) { ::pthread_exit(nullptr); });
    CHECK_FALSE(failed.ok());
    CHECK(failed.failure().stage() == Stage::readiness);
    CHECK(failed.exit_code() != 0);
    CHECK(failed.term_signal() == 0);
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(orphans.is_empty());
}

TEST_CASE("a service's body that leaves by pthread_exit is a failed start before it is ready, and an end afterwards") {
    NEEDS(pid_files());
    test::Said said = run_service([](Context&) {});
    CHECK(said.code == 1);
    CHECK(said.error == "tested: the service ended before it was ready\n");
    said = run_service([](Context& context) { context.ready(); });
    CHECK(said.code == 0);
    CHECK(said.error.empty());
    said = run_service([](Context& context) { context.stop(); });
    CHECK(said.code == 0);
    CHECK(said.error.empty());
}

TEST_CASE("a callback that leaves by pthread_exit does not abort the service") {
    NEEDS(pid_files());
    const test::Said said = run_service([](Context& context) {
        context.on_reload([] { ::pthread_exit(nullptr); });
        context.ready();
        ::raise(SIGHUP);
        context.wait_for_stop();
    });
    CHECK(said.code == 0);
    CHECK(said.error.empty());
}

TEST_CASE("a function before the drop that leaves by pthread_exit is a failed start, and leaves nothing") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Said said = test::run(
        [&](int, char**) {
            on_thread([&] {
                Daemonizer daemonizer("tested");
                daemonizer.allow_threads().pid_file(directory / "pid");
                daemonizer.before_drop([] { ::pthread_exit(nullptr); }).daemonize();
            });
            return 0;
        },
        {});
    CHECK(said.code == daemonize::exit_code(Stage::readiness));
    CHECK(said.error == "tested: cannot become ready: the daemon ended with exit status 0\n");
    CHECK_FALSE(test::exists(directory / "pid"));
    CHECK(orphans.is_empty());
}
