// The notification socket of a service manager, like systemd's: receives each message with its sender and descriptors.
#ifndef DAEMONIZE_TESTS_SUPPORT_MANAGER_HPP
#define DAEMONIZE_TESTS_SUPPORT_MANAGER_HPP

#include "support/process.hpp"

#include <cstddef>
#include <sys/socket.h>
#include <sys/un.h>
#include <vector>

namespace test {

/// One notification. Closes the descriptors that came with it.
struct Notification {
    std::string text;
    pid_t sender = 0;
    std::vector<int> descriptors;

    Notification() = default;
    Notification(Notification&& other) noexcept
        : text(std::move(other.text)), sender(other.sender), descriptors(std::move(other.descriptors)) {
        other.descriptors.clear();
    }
    Notification(const Notification&) = delete;
    Notification& operator=(const Notification&) = delete;
    Notification& operator=(Notification&&) = delete;
    ~Notification() { close(); }

    void close() {
        for (const int number : descriptors) ::close(number);
        descriptors.clear();
    }
};

class Manager {
  public:
    /// `address`: a path, or an abstract name with '@'.
    explicit Manager(const std::string& address) : address_(address) {
        struct sockaddr_un name = {};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, address.data(), address.size());
        const bool is_abstract = address[0] == '@';
        if (is_abstract) name.sun_path[0] = '\0';
        const auto size =
            static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + address.size() + (is_abstract ? 0 : 1));
        const int on = 1;
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (::bind(socket_, reinterpret_cast<struct sockaddr*>(&name), size) != 0 ||
            ::setsockopt(socket_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
            (!is_abstract && ::chmod(address.c_str(), 0777) != 0)) {
            throw std::runtime_error("cannot make a notification socket");
        }
        ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() {
        ::unsetenv("NOTIFY_SOCKET");
        close();
    }

    const std::string& address() const { return address_; }
    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

    /// Whether nothing waits to be received.
    bool is_quiet() const {
        struct pollfd watched = {socket_, POLLIN, 0};
        return ::poll(&watched, 1, 0) == 0;
    }

    Notification receive() const {
        struct pollfd watched = {socket_, POLLIN, 0};
        if (::poll(&watched, 1, patience) != 1) throw std::runtime_error("no notification came");
        Notification result;
        char text[8192];
        alignas(struct cmsghdr) char control[2048];
        struct iovec part = {text, sizeof text};
        struct msghdr message = {};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const ssize_t size = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
        if (size < 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) throw std::runtime_error("cut short");
        result.text.assign(text, static_cast<std::size_t>(size));
        for (struct cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
            if (one->cmsg_type == SCM_CREDENTIALS) {
                struct ucred sender = {};
                std::memcpy(&sender, CMSG_DATA(one), sizeof sender);
                result.sender = sender.pid;
            } else if (one->cmsg_type == SCM_RIGHTS) {
                result.descriptors.resize((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
                std::memcpy(result.descriptors.data(), CMSG_DATA(one), one->cmsg_len - CMSG_LEN(0));
            }
        }
        return result;
    }

    /// The text of the next notification.
    std::string text() const { return receive().text; }

  private:
    std::string address_;
    int socket_ = -1;
};

} // namespace test

#endif
