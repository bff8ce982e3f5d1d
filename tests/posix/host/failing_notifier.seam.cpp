// Notifications over vsock, which few machines have, and notifications with failing and interrupted calls.
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/manager.hpp"

#include <linux/vm_sockets.h>
#include <string>
#include <vector>

using daemonize::Duration;
using daemonize::Failure;
using daemonize::Notifier;

namespace {

// A machine that has vsock sockets of some types: each that is opened is one end of a pair, whose other end the test
// has.
class Vsock {
  public:
    explicit Vsock(std::vector<int> types)
        : types_(std::move(types)),
          injection_([this](const seam::Call& call, seam::Answer& answer) { return answers(call, answer); }) {}
    Vsock(const Vsock&) = delete;
    Vsock& operator=(const Vsock&) = delete;
    ~Vsock() {
        if (peer >= 0) ::close(peer);
        ::unsetenv("NOTIFY_SOCKET");
    }

    std::string received() const {
        char text[200];
        const ssize_t size = ::recv(peer, text, sizeof text, MSG_DONTWAIT);
        return std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    }

    int peer = -1;
    int opened = 0;
    int type = 0;
    std::vector<unsigned> ports; // that were tried for our own end
    int bind_error = 0;
    struct sockaddr_vm reached = {};

  private:
    bool answers(const seam::Call& call, seam::Answer& answer) {
        answer = {0, 0};
        if (call.is("socket")) return opens(static_cast<int>(call.arguments[1]) & ~SOCK_CLOEXEC, answer);
        struct sockaddr_vm address;
        if (!call.is("bind") && !call.is("connect")) return false;
        std::memcpy(&address, reinterpret_cast<const void*>(call.arguments[1]), sizeof address);
        if (call.is("connect")) {
            reached = address;
            return true;
        }
        ports.push_back(address.svm_port);
        if (ports.size() == 1) answer = {-1, EADDRINUSE};
        if (ports.size() > 1 && bind_error != 0) answer = {-1, bind_error};
        return true;
    }

    bool opens(int wanted, seam::Answer& answer) {
        bool has = false;
        for (const int one : types_) has = has || one == wanted;
        answer = {-1, wanted == SOCK_DGRAM ? ENODEV : ESOCKTNOSUPPORT};
        if (!has) return true;
        int ends[2];
        if (::socketpair(AF_UNIX, wanted | SOCK_CLOEXEC, 0, ends) != 0) return false;
        if (peer >= 0) ::close(peer);
        peer = ends[1];
        if (wanted != SOCK_DGRAM) ::shutdown(peer, SHUT_WR); // as the one that has read it all
        type = wanted;
        ++opened;
        answer = {ends[0], 0};
        return true;
    }

    std::vector<int> types_;
    seam::Injection injection_;
};

Notifier notifier_at(const char* address, Failure& failure) {
    ::setenv("NOTIFY_SOCKET", address, 1);
    return Notifier::from_environment(failure);
}

// While it is there, `call` is answered so, for the first `times`.
seam::Hook fails(const char* name, int error, int times = 1000) {
    return [=](const seam::Call& call, seam::Answer& answer) {
        return call.is(name) && call.count <= times && seam::fail(call, error, answer);
    };
}

} // namespace

TEST_CASE("a machine's manager is reached by vsock, from a privileged port") {
    Vsock vsock({SOCK_DGRAM});
    Failure failure;
    Notifier notifier = notifier_at("vsock:2:4711", failure);
    REQUIRE(failure.message().empty());
    CHECK(notifier.native_handle() > 2);
    CHECK(vsock.type == SOCK_DGRAM);
    CHECK(vsock.reached.svm_family == AF_VSOCK);
    CHECK(vsock.reached.svm_cid == 2);
    CHECK(vsock.reached.svm_port == 4711);
    CHECK((vsock.ports == std::vector<unsigned>{1023, 1022}));
    CHECK((notifier.try_ready() && vsock.received() == "READY=1"));
    CHECK((notifier.try_stopping() && vsock.received() == "STOPPING=1"));
    CHECK(vsock.opened == 1);
}

TEST_CASE("a machine without a free privileged port says so") {
    Vsock vsock({SOCK_DGRAM});
    vsock.bind_error = EADDRINUSE;
    Failure failure;
    CHECK_FALSE(notifier_at("vsock:2:4711", failure));
    CHECK(failure.code().value() == EADDRINUSE);
    CHECK(vsock.ports.size() == 1023);
    CHECK(vsock.ports.back() == 1);
}

TEST_CASE("without datagrams each message by vsock is a connection") {
    const bool packets = GENERATE(true, false);
    Vsock vsock({packets ? SOCK_SEQPACKET : SOCK_STREAM});
    vsock.bind_error = EACCES; // no privilege, no harm
    Failure failure;
    Notifier notifier = notifier_at("vsock:host:9", failure);
    REQUIRE(failure.message().empty());
    CHECK(static_cast<bool>(notifier));
    CHECK(notifier.native_handle() == -1);
    CHECK(vsock.type == (packets ? SOCK_SEQPACKET : SOCK_STREAM));
    CHECK((notifier.ready("up", failure) && vsock.received() == "READY=1\nSTATUS=up"));
    CHECK((notifier.stopping(failure) && vsock.received() == "STOPPING=1"));
    CHECK(vsock.opened == 3);
    CHECK(vsock.reached.svm_cid == 2);
    CHECK_FALSE(notifier.store(0, "state", failure));
    CHECK(failure.code().value() == EOPNOTSUPP);
}

TEST_CASE("a kind of vsock socket that is named is the only one that will do") {
    Vsock vsock({SOCK_SEQPACKET});
    Failure failure;
    static_cast<void>(notifier_at("vsock-dgram:2:1", failure));
    CHECK(failure.message() == "cannot notify the service manager at vsock-dgram:2:1: No such device");
    static_cast<void>(notifier_at("vsock-stream:2:1", failure));
    CHECK(failure.message() == "cannot notify the service manager at vsock-stream:2:1: Socket type not supported");
    CHECK(notifier_at("vsock-seqpacket:local:1", failure).try_ready());
    CHECK(vsock.reached.svm_cid == 1);
    CHECK(failure.message().empty());
    vsock.bind_error = EINVAL;
    CHECK_FALSE(notifier_at("vsock-seqpacket:2:1", failure).try_ready());
}

TEST_CASE("a stream that takes a message in parts gets all of it") {
    Vsock vsock({SOCK_STREAM});
    Failure failure;
    Notifier notifier = notifier_at("vsock-stream:2:1", failure);
    bool part = true;
    const seam::Hook outer = seam::state().hook;
    seam::state().hook = [&](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("sendmsg") || !part) return outer(call, answer);
        part = false;
        const auto* message = reinterpret_cast<const struct msghdr*>(call.arguments[1]);
        answer = {::send(static_cast<int>(call.arguments[0]), message->msg_iov->iov_base, 3, 0), 0};
        return true;
    };
    CHECK(notifier.ready(failure));
    CHECK(vsock.received() == "READY=1");
    part = true;
    seam::state().hook = [&](const seam::Call& call, seam::Answer& answer) {
        answer = {0, 0};
        return call.is("sendmsg") || outer(call, answer);
    };
    CHECK_FALSE(notifier.ready(failure));
    CHECK(failure.code().value() == EIO);
}

TEST_CASE("a message by a connection has arrived only when the other side has ended it") {
    Vsock vsock({SOCK_SEQPACKET});
    Failure failure;
    Notifier notifier = notifier_at("vsock:2:1", failure);
    const seam::Hook outer = seam::state().hook;
    const seam::Answer given = GENERATE(seam::Answer{-1, ECONNRESET}, seam::Answer{1, 0});
    seam::state().hook = [&](const seam::Call& call, seam::Answer& answer) {
        answer = given;
        return call.is("recv") || outer(call, answer);
    };
    CHECK_FALSE(notifier.ready(failure));
    CHECK(failure.code().value() == (given.result == 1 ? EPROTO : ECONNRESET));
    seam::state().hook = [&](const seam::Call& call, seam::Answer& answer) {
        return call.is("shutdown") ? seam::fail(call, ENOTCONN, answer) : outer(call, answer);
    };
    CHECK_FALSE(notifier.ready(failure));
    CHECK(failure.code().value() == ENOTCONN);
}

TEST_CASE("a signal in between disturbs no notification") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    Failure failure;
    for (const char* name : {"connect", "sendmsg", "poll", "write"}) {
        INFO(name);
        const seam::Injection injection(fails(name, EINTR, 2));
        test::Pipe pipe;
        Notifier notifier = Notifier::from_environment(failure);
        notifier.notify_fd(::fcntl(pipe.write_end(), F_DUPFD, 10));
        CHECK(notifier.ready(failure));
        CHECK(manager.text() == "READY=1");
        CHECK(pipe.rest() == "\n");
        CHECK_FALSE(notifier.barrier(Duration::milliseconds(20), failure)); // nobody reads it
        CHECK(failure.code().value() == ETIMEDOUT);
        CHECK(manager.text() == "BARRIER=1");
    }
}

TEST_CASE("a call that fails is told, and leaves nothing open") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    const auto before = test::open_descriptors();
    const auto complaint = [&](const char* name, int error, auto use) {
        Failure failure;
        const seam::Injection injection(fails(name, error));
        {
            Notifier notifier = Notifier::from_environment(failure);
            if (!failure) use(notifier, failure);
        }
        CHECK(test::open_descriptors() == before);
        CHECK(failure.stage() == daemonize::Stage::notification);
        return failure.code().value();
    };
    const auto ready = [](Notifier& notifier, Failure& failure) { static_cast<void>(notifier.ready(failure)); };
    const auto wait = [](Notifier& notifier, Failure& failure) {
        static_cast<void>(notifier.barrier(Duration::milliseconds(test::patience), failure));
    };
    const auto newline = [&](Notifier& notifier, Failure& failure) {
        notifier.notify_fd(::open("/dev/null", O_WRONLY));
        static_cast<void>(notifier.ready(failure));
    };
    CHECK(complaint("socket", EMFILE, ready) == EMFILE);
    CHECK(complaint("connect", EACCES, ready) == EACCES);
    CHECK(complaint("sendmsg", ENOBUFS, ready) == ENOBUFS);
    CHECK(complaint("pipe2", EMFILE, wait) == EMFILE);
    CHECK(complaint("sendmsg", EPERM, wait) == EPERM);
    CHECK(complaint("poll", ENOMEM, wait) == ENOMEM);
    CHECK(complaint("sigaction", EINVAL, newline) == EINVAL);
    CHECK(complaint("write", EIO, newline) == EIO);
}

TEST_CASE("a barrier whose pipe cannot be kept off the standard streams is told") {
    const test::Directory directory;
    const test::Manager manager(directory / "notify");
    CHECK(test::in_child([] {
              Failure failure;
              const Notifier notifier = Notifier::from_environment(failure);
              const seam::Injection injection(fails("fcntl", EMFILE));
              ::close(STDIN_FILENO);
              return notifier.barrier(Duration::milliseconds(test::patience), failure) ? "it was told"
                                                                                       : failure.message();
          }) == "cannot notify the service manager at " + directory / "notify: Too many open files");
}
