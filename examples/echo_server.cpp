// Sends received bytes back, on sockets from systemd or xinetd, or on a listening socket of its own. After a request to
// stop, the server accepts no new connection, and answers the bytes that have arrived. Usage: echo_server [VERB];
// ECHO_ADDRESS is the address to listen at if no socket is passed; 127.0.0.1:7007 by default.
#include <daemonize.hpp>

#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <sys/socket.h>

namespace {

using daemonize::Socket;
using daemonize::SocketKind;

// Returns false at the end of the stream, and after an error.
bool echo(const Socket& connection) {
    char bytes[4096];
    const ssize_t size = ::recv(connection.get(), bytes, sizeof bytes, 0);
    return size > 0 && ::send(connection.get(), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
}

int run(daemonize::Context& context) {
    std::vector<Socket> sockets = std::move(context.sockets());
    if (sockets.empty()) return context.fail("there is no socket");
    context.on_reload([&] { context.status("echoes on " + std::to_string(sockets.size()) + " sockets"); });
    context.ready();
    for (bool draining = false; !sockets.empty();) {
        std::vector<pollfd> watched = {{context.native_handle(), POLLIN, 0}};
        for (const Socket& socket : sockets) watched.push_back({socket.get(), POLLIN, 0});
        if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return context.fail("poll failed");
        const bool stop = !context.poll() && !std::exchange(draining, true);
        for (std::size_t i = watched.size() - 1; i-- > 0;) {
            const bool listening = sockets[i].kind() == SocketKind::listening;
            if (stop && !listening) ::shutdown(sockets[i].get(), SHUT_RD); // bytes that have arrived are still answered
            bool done = stop && listening;
            if (!done && watched[i + 1].revents != 0 && !listening) done = !echo(sockets[i]);
            if (!done && watched[i + 1].revents != 0 && listening) {
                const int accepted = ::accept4(sockets[i].get(), nullptr, nullptr, SOCK_CLOEXEC);
                if (accepted >= 0) sockets.emplace_back(accepted, "connection");
            }
            if (done) sockets.erase(sockets.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const char* address = std::getenv("ECHO_ADDRESS");
    return daemonize::Service("echod")
        .description("Sends back what it is sent")
        .listen("echo", address != nullptr ? address : "127.0.0.1:7007")
        .run(argc, argv, run);
}
