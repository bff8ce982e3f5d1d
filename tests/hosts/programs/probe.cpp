// A service for cases without an example. PROBE_INSTANCE and PROBE_USER are the instance and the user, PROBE_LISTEN is
// the address, PROBE_LOG is the file for observations. The first argument names the action of the body.
#include <daemonize.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <poll.h>

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

void see(const std::string& line) {
    std::FILE* file = std::fopen(variable("PROBE_LOG").c_str(), "a");
    if (file == nullptr) return;
    std::fprintf(file, "%s\n", line.c_str());
    std::fclose(file);
}

// Ignores every event, like a loop without poll().
[[noreturn]] void hang() {
    for (;;) ::poll(nullptr, 0, -1);
}

// Writes stray output, and then fails.
int stray(daemonize::Context& context) {
    context.ready();
    std::puts("stray output");
    std::fputs("a stray error\n", stderr);
    std::fflush(stdout);
    context.log(daemonize::Severity::warning, "a stray word");
    see("wrote");
    return context.fail("a stray failure", 3);
}

int run(daemonize::Context& context) {
    const std::string what = context.arguments().empty() ? "" : context.arguments()[0];
    for (int step = 1; what == "slow" && step <= 3; ++step) {
        context.progress("step " + std::to_string(step), std::chrono::seconds(20));
        if (!context.sleep_for(std::chrono::milliseconds(50))) return 0;
    }
    if (what == "never") {
        context.progress("never ready");
        hang();
    }
    if (what == "stray") return stray(context);
    if (what == "exit") return context.fail("as it was told", 42);
    context.on_reload([] { see("reload"); });
    context.ready();
    see(std::string("host ") + to_string(context.host().kind) + " sockets " + std::to_string(context.sockets().size()));
    if (what == "hang") hang();
    context.wait_for_stop();
    see(context.stop_reason() == daemonize::StopReason::interrupt ? "interrupted" : "stopped");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    daemonize::Service service("probe");
    if (!variable("PROBE_INSTANCE").empty()) service.instance_name(variable("PROBE_INSTANCE"));
    if (!variable("PROBE_LISTEN").empty()) service.listen("http", variable("PROBE_LISTEN"));
    return service
        .posix([](daemonize::Daemonizer& daemonizer) {
            if (!variable("PROBE_USER").empty()) daemonizer.user(variable("PROBE_USER"));
        })
        .run(argc, argv, run);
}
