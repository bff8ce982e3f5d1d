// A Service that runs out of memory before readiness reports one line, and leaves nothing behind.
#include "support/launch_without_memory.hpp"

#include <cstring>
#include <string>

using daemonize::Context;
using daemonize::Service;
using test::ShortMemory;
using test::without_memory::fail_each;
using test::without_memory::Form;
using test::without_memory::name;
using test::without_memory::Place;
using test::without_memory::Trial;

namespace {

// main() of a service program, with a verb or without one.
Form program(const char* verb) {
    return [verb](Place& place, const ShortMemory& shortage) -> int {
        std::string arguments[2] = {"program", verb == nullptr ? "" : verb};
        char* argv[] = {&arguments[0][0], verb == nullptr ? nullptr : &arguments[1][0], nullptr};
        if (::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO) < 0) std::abort();
        Service service(name);
        service.host(daemonize::HostKind::terminal).listen("a_socket_with_a_long_name", "127.0.0.1:0");
        service.posix([&](daemonize::Daemonizer& daemonizer) {
            daemonizer.pid_file(place.pid_file);
            place.has_log = verb != nullptr; // in the foreground the line would go there
            if (place.has_log) daemonizer.stdout_to(place.log).stderr_to(place.log);
            daemonizer.keep_fd(place.report.write_end()).keep_fd(place.hold.read_end());
        });
        shortage.begin();
        const int code = service.run(verb == nullptr ? 1 : 2, argv, [&](Context& context) {
            context.ready();
            ShortMemory::end();
            place.stay_up();
        });
        ShortMemory::end();
        std::exit(code);
    };
}

} // namespace

TEST_CASE("the verb start that runs out of memory says so and leaves nothing") {
    Trial trial;
    trial.cuts_name = false;
    trial.code = 1; // of the Linux Standard Base
    CHECK(fail_each(program("start"), trial) > 0);
    trial.in_child = true;
    CHECK(fail_each(program("start"), trial) > 0);
}

TEST_CASE("a service in the foreground that runs out of memory says so and leaves nothing") {
    Trial trial;
    trial.is_foreground = true;
    trial.cuts_name = false;
    trial.code = 0; // of the step, like Stage::sockets
    CHECK(fail_each(program(nullptr), trial) > 0);
}
