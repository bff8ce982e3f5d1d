// A Service of a program for both platforms, before <winsock2.h>: the code for POSIX only compiles, and does not run.
#include <daemonize.hpp>

#include <winsock2.h>

#include "../../support/context_face.hpp"

namespace {

int body(daemonize::Context& context) {
    context.on_reload([](std::string& why) { return why.empty(); }).on_pause([] {}).on_continue([] {});
    context.on_reopen_logs([] {});
    for (const daemonize::Socket& socket : context.sockets()) {
        if (static_cast<SOCKET>(socket.get()) == INVALID_SOCKET || socket.family() != AF_INET) return 1;
    }
    context.progress("starting");
    context.status("started");
    context.ready();
    return context.sleep_for(daemonize::Duration::seconds(1)) ? 0 : context.fail("stopped", 2);
}

} // namespace

int both_platforms(int argc, char** argv) {
    daemonize::Service service("both");
    service.posix([](auto& daemonizer) { daemonizer.user("nobody").chdir(daemonize::keep); })
        .windows([](auto& windows) { windows.wait_hint(daemonize::Duration::seconds(5)); })
        .windows([](auto&, auto& config) { config.account = "NT AUTHORITY\\LocalService"; })
        .on_check_configuration([](std::string& why) { return why.empty(); })
        .listen("web", "127.0.0.1:8080");
    return argc > 1 ? service.run(argc, argv, body) : service.run([] {});
}

// The Context of Windows has the functions that Context on POSIX and WinService::Context have.
std::string face(daemonize::Context& context) { return test::run_face(context); }
std::string face(daemonize::WinService::Context& context) { return test::run_face(context); }
