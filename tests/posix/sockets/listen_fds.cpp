// The descriptors that a service manager passed: sd_listen_fds_with_names(3).
#include "support/abilities.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <vector>

using daemonize::Failure;
using daemonize::Socket;

namespace {

const char* const variables[] = {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"};

bool is_environment_clean() {
    for (const char* name : variables) {
        if (::getenv(name) != nullptr) return false;
    }
    return true;
}

int listening(int family, int type) {
    const int number = ::socket(family, type, 0);
    struct sockaddr_storage any = {};
    any.ss_family = static_cast<sa_family_t>(family);
    const std::size_t size = family == AF_INET    ? sizeof(struct sockaddr_in)
                             : family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                  : sizeof any.ss_family; // the kernel chooses a name
    if (::bind(number, reinterpret_cast<struct sockaddr*>(&any), static_cast<socklen_t>(size)) != 0) std::abort();
    if (type == SOCK_STREAM) ::listen(number, 5);
    return number;
}

void put(int source, int target) {
    if (source == target) return;
    if (::dup2(source, target) != target) std::abort();
    ::close(source);
}

std::string line_of(const Socket& socket) {
    static const char* const kinds[] = {"listening", "connected", "datagram", "other"};
    return std::to_string(socket.get()) + " " + socket.name() + " " + kinds[static_cast<int>(socket.kind())] + " " +
           std::to_string(socket.family()) + " " + std::to_string(socket.type()) +
           (::fcntl(socket.get(), F_GETFD) == FD_CLOEXEC ? "" : " inherited") + "\n";
}

// In a child: 3 and on are sockets as `arrange` puts them there, the variables are for it; what it then has.
template <class Arrange>
std::string activated(Arrange arrange) {
    return test::in_child([&] {
        for (int i = 3; i < 20; ++i) ::close(i);
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        arrange();
        Failure failure;
        std::vector<Socket> sockets = daemonize::listen_fds(failure);
        std::string result = failure.message();
        if (failure && failure.stage() != daemonize::Stage::sockets) result += " (another stage)";
        for (const Socket& socket : sockets) result += line_of(socket);
        if (!is_environment_clean()) result += "variables are left";
        if (!daemonize::listen_fds(failure).empty() || failure) result += "a second call finds some";
        return result;
    });
}

void name(const char* variable, const char* value) { ::setenv(variable, value, 1); }

// Two sockets, and variables that may be wrong.
std::string with(const char* count, const char* names, const char* pid = nullptr) {
    return activated([&] {
        put(listening(AF_INET, SOCK_STREAM), 3);
        put(listening(AF_INET, SOCK_DGRAM), 4);
        if (count != nullptr) name("LISTEN_FDS", count);
        if (names != nullptr) name("LISTEN_FDNAMES", names);
        if (pid != nullptr) name("LISTEN_PID", pid);
    });
}

} // namespace

TEST_CASE("each passed descriptor is told by kind, family, type and name, and becomes close-on-exec") {
    NEEDS(unix_sockets());
    const std::string seen = activated([] {
        int pair[2];
        put(listening(AF_INET, SOCK_STREAM), 3);
        put(listening(AF_INET, SOCK_DGRAM), 4);
        put(listening(AF_UNIX, SOCK_STREAM), 5);
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) std::abort();
        put(pair[0], 6);
        if (::pipe(pair) != 0) std::abort();
        put(pair[0], 7);
        name("LISTEN_FDS", "5");
        name("LISTEN_FDNAMES", "http:dns::peer:stored");
    });
    const std::string inet = std::to_string(AF_INET), local = std::to_string(AF_UNIX);
    CHECK(seen == "3 http listening " + inet + " 1\n4 dns datagram " + inet + " 2\n5  listening " + local +
                      " 1\n6 peer connected " + local + " 1\n7 stored other 0 0\n");
}

TEST_CASE("descriptors without names are unknown ones") {
    CHECK(with("2", nullptr) == "3 unknown listening 2 1\n4 unknown datagram 2 2\n");
    CHECK(with("1", nullptr) == "3 unknown listening 2 1\n");
}

TEST_CASE("what was not passed, or was passed to another process, is none and no failure") {
    CHECK(with(nullptr, nullptr).empty());
    CHECK(with("2", "a:b", std::to_string(::getpid()).c_str()).empty());
    CHECK(with("two", "a", "1").empty());
    CHECK(activated([] {
              ::unsetenv("LISTEN_PID");
              name("LISTEN_FDS", "2");
          }).empty());
}

TEST_CASE("a count that makes no sense is told") {
    const std::string count = GENERATE(as<std::string>{}, "0", "-1", "", "2 ", "two", "0x2", "99999999999999999999");
    CHECK(with(count.c_str(), nullptr) ==
          "cannot use the socket LISTEN_FDS=" + count + ": it is not a number of descriptors");
}

TEST_CASE("a process number that makes no sense is told") {
    const std::string pid = GENERATE(as<std::string>{}, "0", "", "me", "-7", "4294967297");
    CHECK(with("2", nullptr, pid.c_str()) ==
          "cannot use the socket LISTEN_PID=" + pid + ": it is not a process number");
}

TEST_CASE("a process that cannot be told from its namesake takes no descriptors") {
    const std::string seen = activated([] {
        name("LISTEN_PIDFDID", "x");
        name("LISTEN_FDS", "none");
    });
    CHECK(seen == "cannot use the socket LISTEN_PIDFDID=x: it is not a process number");
}

TEST_CASE("names that are not as many as the descriptors are told") {
    CHECK(with("2", "a") == "cannot use the socket LISTEN_FDNAMES=a: there are 2 descriptors");
    CHECK(with("2", "a:b:c") == "cannot use the socket LISTEN_FDNAMES=a:b:c: there are 2 descriptors");
    CHECK(with("2", "") == "cannot use the socket LISTEN_FDNAMES=: there are 2 descriptors");
    CHECK(with("1", "") == "3  listening 2 1\n");
}

TEST_CASE("a passed descriptor that is not open is told, and none is taken") {
    const std::string seen = activated([] {
        put(listening(AF_INET, SOCK_STREAM), 3);
        name("LISTEN_FDS", "2");
        name("LISTEN_FDNAMES", "http:https");
    });
    CHECK(seen == "cannot use the socket https at descriptor 4: Bad file descriptor");
}

TEST_CASE("a process that has the number of the one that was meant takes nothing of it") {
    NEEDS(pidfds());
    const auto with_id = [](const char* id) {
        return activated([&] {
            put(listening(AF_INET, SOCK_STREAM), 3);
            name("LISTEN_FDS", "1");
            if (id != nullptr) return name("LISTEN_PIDFDID", id);
            const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
            struct stat file_info = {};
            if (self < 0 || ::fstat(self, &file_info) != 0) std::abort();
            ::close(self);
            name("LISTEN_PIDFDID", std::to_string(file_info.st_ino).c_str());
        });
    };
    CHECK(with_id(nullptr) == "3 unknown listening 2 1\n");
    CHECK(with_id("x") == "cannot use the socket LISTEN_PIDFDID=x: it is not a process number");
    const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    struct statfs system = {};
    const bool reports = self >= 0 && ::fstatfs(self, &system) == 0 && system.f_type == 0x50494446;
    ::close(self);
    // An older kernel gives a process no number that is its own.
    CHECK(with_id("1") == (reports ? "" : "3 unknown listening 2 1\n"));
}

TEST_CASE("a daemon finds the sockets that its launcher was passed") {
    NEEDS(pidfds());
    const bool has_id = GENERATE(false, true);
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        for (int i = 3; i < 20; ++i) ::close(i);
        put(listening(AF_INET, SOCK_STREAM), 3);
        name("LISTEN_PID", std::to_string(::getpid()).c_str());
        name("LISTEN_FDS", "1");
        name("LISTEN_FDNAMES", "http");
        const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
        struct stat file_info = {};
        if (self < 0 || ::fstat(self, &file_info) != 0) std::abort();
        ::close(self);
        if (has_id) name("LISTEN_PIDFDID", std::to_string(file_info.st_ino).c_str());
        daemonize::Daemonizer daemonizer("listen-test");
        const test::HeldDaemon daemon(daemonizer, [] {
            Failure failure;
            std::string result;
            for (const Socket& socket : daemonize::listen_fds(failure)) result += line_of(socket);
            return result + failure.message();
        });
        return daemon.reported();
    });
    CHECK(seen == "3 http listening 2 1\n");
}

TEST_CASE("a socket that is released stays open, one that is not is closed") {
    const int kept = listening(AF_INET6, SOCK_STREAM), lost = listening(AF_INET, SOCK_STREAM);
    {
        Socket one(kept, "kept");
        const Socket other(lost, "lost");
        CHECK(one.release() == kept);
        CHECK_FALSE(static_cast<bool>(one));
    }
    CHECK(::fcntl(kept, F_GETFD) != -1);
    CHECK(::fcntl(lost, F_GETFD) == -1);
    ::close(kept);
}

TEST_CASE("launchd holds no sockets where there is no launchd") {
    Failure failure;
    CHECK(daemonize::launchd_sockets("http", failure).empty());
    CHECK_FALSE(static_cast<bool>(failure));
}

TEST_CASE("without a place for the failure the sockets are returned, and a failure is thrown") {
    const auto listened = [](const char* count) {
        return test::in_child([&] {
            for (int i = 3; i < 20; ++i) ::close(i);
            put(listening(AF_INET, SOCK_STREAM), 3);
            name("LISTEN_PID", std::to_string(::getpid()).c_str());
            name("LISTEN_FDS", count);
            try {
                std::string names;
                for (const Socket& socket : daemonize::listen_fds()) names += socket.name() + " ";
                return names + std::to_string(daemonize::launchd_sockets("http").size());
            } catch (const daemonize::Error& error) {
                return std::string(error.what());
            }
        });
    };
    CHECK(listened("1") == "unknown 0");
    CHECK(listened("one") == "cannot use the socket LISTEN_FDS=one: it is not a number of descriptors");
}
