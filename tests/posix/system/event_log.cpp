// The messages of EventLog to syslogd. tests/windows/event_log.sh uses a real syslogd.

#include "support/abilities.hpp"

#include <daemonize.hpp>

#include <sys/socket.h>
#include <sys/un.h>

using daemonize::EventLog;
using daemonize::Severity;

namespace {

// In the place of syslogd.
int listen_to_syslog() {
    test::mount_memory("/dev", "mode=755");
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, "/dev/log");
    const int number = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    if (::bind(number, reinterpret_cast<const struct sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot listen at /dev/log");
    }
    return number;
}

// The next message: its number of facility and severity, and what comes after the time.
std::string received(int number) {
    char text[500];
    const ssize_t size = ::recv(number, text, sizeof text, MSG_DONTWAIT);
    const std::string message(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::size_t source = message.find("tested[");
    return source == std::string::npos ? "?" + message
                                       : message.substr(0, message.find('>') + 1) + message.substr(source) + "\n";
}

} // namespace

TEST_CASE("each entry has its severity, its source and its process, and a source needs no registration") {
    NEEDS(private_mounts());
    CHECK(test::in_child([] {
              if (!test::own_mounts()) return std::string("no mounts");
              const int syslog = listen_to_syslog();
              daemonize::Failure failure;
              const EventLog log("tested");
              if (!log.install(failure)) return std::string("it wants to be registered");
              log.information("one");
              log.warning("two");
              log.error("three 100%s");
              const bool written =
                  log.write(Severity::warning, "four", failure) && log.try_write(Severity::information, "five");
              log.write(Severity::failure, "six");
              std::string all = written ? "" : "not written: ";
              for (int i = 0; i < 6; ++i) all += received(syslog);
              const std::string process = std::to_string(::getpid());
              for (std::size_t at; (at = all.find(process)) != std::string::npos;) all.replace(at, process.size(), "P");
              return all + (log.uninstall(failure) ? "" : "it was registered");
          }) == "<30>tested[P]: one\n<28>tested[P]: two\n<27>tested[P]: three 100%s\n<28>tested[P]: four\n"
                "<30>tested[P]: five\n<27>tested[P]: six\n");
}
