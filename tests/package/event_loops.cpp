// Runs the examples of event loops.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <poll.h>
#include <sys/syscall.h>

namespace {

const std::string event_loop = EVENT_LOOP;
const std::string asio_loop = ASIO_LOOP;

} // namespace

TEST_CASE("the example event_loop serves a FIFO, reloads, and stops") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string fifo = directory / "fifo", log = directory / "log", pid_file = directory / "pid";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    test::Launcher launcher([&] {
        ::execl(event_loop.c_str(), "event_loop", fifo.c_str(), log.c_str(), pid_file.c_str(), nullptr);
        return 127;
    });
    const test::Ended started = launcher.ended();
    REQUIRE(started.with(0));
    const pid_t daemon = static_cast<pid_t>(std::atol(test::contents(pid_file).c_str()));
    REQUIRE(daemon > 1);
    const auto comes = [&](const std::string& text) {
        for (int i = 0; i < test::patience; ++i) {
            if (test::contents(log).find(text) != std::string::npos) return true;
            ::poll(nullptr, 0, 1);
        }
        return false;
    };
    test::write_file(fifo, "a line\n");
    CHECK(comes("a line\n"));
    test::kill(daemon, SIGHUP);
    CHECK(comes("reload\n"));
    test::kill(daemon, SIGTERM);
    CHECK(orphans.wait_for(daemon) == 0);
    CHECK(test::contents(log) == "a line\nreload\nstop, by signal 15\n");
    CHECK_FALSE(test::exists(pid_file));
}

TEST_CASE("the example asio_loop reloads and stops beside its timer") {
    if (asio_loop.empty()) SKIP_MISSING("Asio (package libasio-dev)");
    test::Pipe output;
    const pid_t program = test::fork_clean();
    if (program == 0) {
        test::default_signals();
        ::dup2(output.write_end(), STDOUT_FILENO);
        ::execl(asio_loop.c_str(), "asio_loop", nullptr);
        std::_Exit(127);
    }
    output.close_write();
    const auto next = [&] { // but for the ticks
        std::string line = "tick";
        while (line == "tick") line = output.line();
        return line;
    };
    CHECK(output.line() == "tick");
    CHECK(output.line() == "tick");
    for (int i = 0; i < 3; ++i) {
        test::kill(program, SIGHUP);
        CHECK(next() == "reload");
    }
    CHECK(output.line() == "tick");
    test::kill(program, SIGTERM);
    CHECK(next() == "stop, by signal 15");
    int status = -1;
    CHECK(::waitpid(program, &status, 0) == program);
    CHECK(status == 0);
}
