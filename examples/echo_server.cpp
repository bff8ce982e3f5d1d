// Sends back what it is sent, on sockets from systemd or xinetd, or on its own. Asked to stop, it takes no new
// connections, and answers what has come on those that it has.
// Usage: echo_server [VERB]; with ECHO_ADDRESS it listens there (default: 127.0.0.1:7007) where nobody passes a socket.
#include <daemonize.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <sys/socket.h>

namespace {

using daemonize::Socket;
using daemonize::SocketKind;

// False when the peer has sent all it had.
bool echo(const Socket& connection) {
    char bytes[4096];
    const ssize_t size = ::recv(connection.get(), bytes, sizeof bytes, 0);
    return size > 0 && ::send(connection.get(), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
}

int run(daemonize::Context& context) {
    std::vector<Socket> sockets = std::move(context.sockets());
    if (sockets.empty()) return context.fail("there is no socket");
    const bool is_inetds = sockets.front().kind() == SocketKind::connected;
    bool draining = false;
    context.on_reload([&] { context.report("echoes on " + std::to_string(sockets.size()) + " sockets"); });
    context.ready();
    while (!sockets.empty() && !(is_inetds && draining)) {
        std::vector<pollfd> watched = {{context.native_handle(), POLLIN, 0}};
        for (const Socket& socket : sockets) watched.push_back({socket.get(), POLLIN, 0});
        if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return context.fail("poll failed");
        if (!context.poll() && !draining) {
            draining = true;
            for (Socket& socket : sockets) {
                if (socket.kind() == SocketKind::listening) socket = Socket();
                else ::shutdown(socket.get(), SHUT_RD); // what has come is still to be read, and answered
            }
        }
        for (std::size_t i = 0; i + 1 < watched.size(); ++i) {
            if (watched[i + 1].revents == 0 || !sockets[i]) continue;
            if (sockets[i].kind() == SocketKind::listening) {
                Socket accepted(::accept4(sockets[i].get(), nullptr, nullptr, SOCK_CLOEXEC));
                if (accepted) sockets.push_back(std::move(accepted));
            } else if (!echo(sockets[i])) {
                sockets[i] = Socket();
            }
        }
        sockets.erase(std::remove_if(sockets.begin(), sockets.end(), [](const Socket& one) { return !one; }),
                      sockets.end());
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
