// Fuzz targets for data of other processes: pid files, the launch channel, and messages to a manager's socket; with
// real files and real sockets.
#include <daemonize/posix/host/notifier.hpp>
#include <daemonize/posix/launch/daemonizer.hpp>
#include <daemonize/posix/pid_file/instance.hpp>
#include <daemonize/posix/service/install.hpp>

#include "fuzz.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace daemonize::detail;
using daemonize::Failure;
using daemonize::Instance;

namespace {

bool is_one_line(const std::string& text) { return text == one_line(text); }

// A directory of this process's own, that goes with it.
class Directory {
  public:
    Directory() { HOLDS(::mkdtemp(name_) != nullptr); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        static_cast<void>(::unlink((std::string(name_) + "/pid").c_str()));
        static_cast<void>(::rmdir(name_));
    }
    std::string file() const { return std::string(name_) + "/pid"; }

  private:
    char name_[32] = "/tmp/daemonize-fuzz-XXXXXX";
};

void put(const std::string& path, const std::string& text) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    HOLDS(file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

// Whether the kernel has the lock of a pid file. run.sh finds the line in the log.
bool can_lock(const std::string& path) {
    put(path, "");
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct flock request = {};
    request.l_type = F_WRLCK;
    if (::fcntl(file.get(), F_OFD_SETLK, &request) == 0) return true;
    std::fprintf(stderr, "LEFT OUT: this machine cannot lock a file by F_OFD_SETLK: %s\n", std::strerror(errno));
    return false;
}

} // namespace

// With any content of a pid file, no process is taken for the daemon, and no start is refused.
TARGET(pid_file) {
    static const Directory directory;
    const std::string path = directory.file();
    static const bool is_able = can_lock(path);
    if (!is_able) return;
    std::string text = bytes.ConsumeBool() ? std::to_string(::getpid()) + "\n" : fuzz::some_text(bytes, 60);
    if (bytes.ConsumeBool()) text = std::to_string(bytes.ConsumeIntegral<std::int64_t>()) + fuzz::some_text(bytes, 3);
    put(path, text);
    const Instance instance = Instance::at(path);
    Failure failure;
    Instance::Info status = instance.status(failure);
    HOLDS(!failure && status.pid == 0);
    HOLDS(status.state == (text.empty() ? Instance::State::not_running : Instance::State::dead));
    HOLDS(!instance.signal(0, failure) && failure.code().value() == ESRCH);
    if (bytes.ConsumeIntegral<std::uint8_t>() % 64 == 63) { // seldom: the library waits for a name, for a second
        // Locked by one whom the kernel does not name: then the number says who, and is believed of nobody who has not
        // that lock.
        const Descriptor holder(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        HOLDS(lock_running(holder.get()));
        status = instance.status(failure);
        HOLDS(!failure && status.state == Instance::State::running);
        const bool is_us = status.pid == ::getpid();
        HOLDS(status.pid >= 0 && (status.pid == 0 || text.find(std::to_string(status.pid)) != std::string::npos));
        HOLDS(instance.signal(0, failure) == is_us);
        HOLDS(is_us || is_one_line(failure.message()));
    }
    {
        const daemonize::PidFile held = daemonize::PidFile::acquire(path, failure);
        HOLDS(!failure && read_file(path) == std::to_string(::getpid()) + "\n");
        HOLDS(instance.status(failure).pid == ::getpid());
    }
    HOLDS(instance.status(failure).state == Instance::State::not_running && !failure);
}

namespace {

struct Pair {
    Descriptor own, its;
    Pair() {
        Channel channel;
        HOLDS(!make_channel(channel));
        own = std::move(channel.launcher);
        its = std::move(channel.daemon);
    }
    void send(const std::string& text) const {
        HOLDS(::send(its.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
    }
};

Record some_record(fuzz::Bytes& bytes) {
    Record record;
    record.kind = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange<std::uint32_t>(0, 5)
                                      : bytes.ConsumeIntegral<std::uint32_t>();
    record.stage = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange<std::int32_t>(-1, 60)
                                       : bytes.ConsumeIntegral<std::int32_t>();
    record.error = bytes.ConsumeIntegral<std::int32_t>();
    record.exit_code = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange<std::int32_t>(-1, 300)
                                           : bytes.ConsumeIntegral<std::int32_t>();
    record.pid = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange<std::int64_t>(-1, 70000)
                                     : bytes.ConsumeIntegral<std::int64_t>();
    record.extend_by = bytes.ConsumeIntegral<std::int64_t>();
    record.detail_size = bytes.ConsumeIntegralInRange<std::uint32_t>(0, 40);
    record.reason_size = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange<std::uint32_t>(0, 40)
                                             : bytes.ConsumeIntegral<std::uint32_t>();
    return record;
}

// The bytes of a defective daemon or of a stray writer: records with any content.
std::string some_stream(fuzz::Bytes& bytes) {
    const std::size_t cut = bytes.ConsumeIntegralInRange<std::size_t>(0, 60);
    std::string stream;
    while (bytes.remaining_bytes() > 0 && stream.size() < 4000) {
        const Record record = some_record(bytes);
        stream.append(reinterpret_cast<const char*>(&record), sizeof record);
        stream += fuzz::some_text(bytes, 90);
    }
    stream.resize(stream.size() - std::min(cut, stream.size()));
    return stream;
}

} // namespace

TARGET(channel) {
    const Pair pair;
    Record sent = some_record(bytes), received;
    sent.kind = Record::progress;
    sent.stage = 0;
    std::string detail = fuzz::some_word(bytes), reason = fuzz::some_word(bytes);
    if (bytes.ConsumeBool()) reason.insert(0, 2000 - bytes.ConsumeIntegralInRange<std::size_t>(0, 200), '.');
    HOLDS(send_record(pair.its.get(), sent, detail, reason));
    daemonize::detail::RecordTexts texts;
    HOLDS(receive_record(pair.own.get(), received, texts));
    HOLDS(texts.detail == std::string(detail.c_str()));
    HOLDS(texts.reason == std::string(reason.substr(0, record_text_limit).c_str()));
    HOLDS(received.extend_by == sent.extend_by && received.error == sent.error);
    pair.send(some_stream(bytes));
    HOLDS(::shutdown(pair.its.get(), SHUT_WR) == 0);
    while (receive_record(pair.own.get(), received, texts)) {
        HOLDS(received.kind >= Record::progress && received.kind <= Record::died);
        HOLDS(exit_code(static_cast<daemonize::Stage>(received.stage)) > 0);
        HOLDS(received.detail_size <= record_text_limit && received.reason_size <= record_text_limit);
        HOLDS(texts.detail[received.detail_size] == '\0' && texts.reason[received.reason_size] == '\0');
    }
}

// The launcher itself at the other end of such a channel: it comes to an end, the process that it started is gone, and
// what it says is a success with a process's number, or a failure in a line with a status that is none of success.
TARGET(launcher) {
    static const daemonize::detail::Options twice;
    static const Plan plan(twice);
    Pair pair;
    const pid_t child = ::fork();
    HOLDS(child >= 0);
    if (child == 0) {
        for (const int number : {SIGTERM, SIGINT, SIGALRM}) ::signal(number, SIG_DFL);
        pair.own.reset();
        char byte;
        while (::recv(pair.its.get(), &byte, 1, 0) ==
               1) { // it leaves as the process between does, so that nobody waits
        }
        ::_exit(0);
    }
    Outcome outcome;
    {
        pair.send(some_stream(bytes));
        HOLDS(::shutdown(pair.its.get(), SHUT_WR) == 0);
        pair.its.reset();
        const Descriptor standard_error(::dup(STDERR_FILENO)), null(::open("/dev/null", O_WRONLY));
        HOLDS(::dup2(null.get(), STDERR_FILENO) == STDERR_FILENO);
        BlockedSignals signals;
        LaunchState launching;
        launching.channel.launcher = std::move(pair.own);
        outcome = Launcher(plan, twice, launching, true).await(child, signals);
        HOLDS(::dup2(standard_error.get(), STDERR_FILENO) == STDERR_FILENO);
    }
    HOLDS(::waitpid(child, nullptr, WNOHANG) == -1 && errno == ECHILD);
    const daemonize::Launch launch("fuzz", outcome);
    if (launch.ok()) HOLDS(launch.pid() > 0 && launch.exit_code() == 0);
    if (!launch.ok()) HOLDS(launch.exit_code() > 0 && launch.exit_code() < 256);
    if (!launch.ok()) HOLDS(is_one_line(launch.failure().message()) && !launch.failure().message().empty());
}

namespace {

// A manager's socket, and a Notifier that found it in the environment.
struct Manager {
    Descriptor socket;
    daemonize::Notifier notifier;
    Manager() {
        const std::string name = "@daemonize-fuzz-" + std::to_string(::getpid());
        SocketAddress address;
        HOLDS(to_unix_address(name, address) == nullptr);
        socket.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        HOLDS(socket && ::bind(socket.get(), address.get(), address.size) == 0);
        HOLDS(::setenv("NOTIFY_SOCKET", name.c_str(), 1) == 0 && ::unsetenv("WATCHDOG_USEC") == 0);
        notifier = daemonize::Notifier::from_environment();
    }

    // The one message that came, its variables and values; none where none came.
    std::vector<std::pair<std::string, std::string>> receive() const {
        char text[8192];
        std::vector<std::pair<std::string, std::string>> values;
        const ssize_t size = ::recv(socket.get(), text, sizeof text, MSG_DONTWAIT);
        if (size < 0) return values;
        HOLDS(size <= 4096 && ::recv(socket.get(), text + size, 1, MSG_DONTWAIT) == -1);
        const std::string message(text, static_cast<std::size_t>(size));
        HOLDS(is_utf8(message) && message.find('\0') == std::string::npos && message.back() != '\n');
        for (std::size_t at = 0; at < message.size();) {
            const std::size_t end = std::min(message.find('\n', at), message.size());
            const std::size_t sign = message.find('=', at);
            HOLDS(sign < end);
            values.emplace_back(message.substr(at, sign - at), message.substr(sign + 1, end - sign - 1));
            at = end + 1;
        }
        return values;
    }
};

} // namespace

// A message holds the variables that the call is named for, once each and no other, whatever text came with it.
TARGET(notification) {
    static Manager manager;
    using Values = std::vector<std::pair<std::string, std::string>>;
    std::string text = fuzz::some_text(bytes);
    if (bytes.ConsumeBool()) text.insert(0, 4200 - bytes.ConsumeIntegralInRange<std::size_t>(0, 400), '.');
    const auto number = bytes.ConsumeIntegral<std::int64_t>();
    const auto span = daemonize::Duration::nanoseconds(number);
    const std::string rounded =
        std::to_string(number <= 0 ? 0 : (static_cast<unsigned long long>(number) + 999) / 1000);
    Failure failure;
    daemonize::Notifier& notifier = manager.notifier;
    const auto said = [&](bool sent) {
        HOLDS(sent && !failure);
        return manager.receive();
    };
    Values values = said(notifier.status(text, failure));
    HOLDS(values.size() == 1 && values[0].first == "STATUS" && is_one_line(values[0].second));
    if (is_utf8(text) && text.size() < 3900) HOLDS(values[0].second == one_line(text));
    const std::string status = values[0].second;
    HOLDS(said(notifier.ready(text, failure)) == Values({{"READY", "1"}, {"STATUS", status}}));
    HOLDS(said(notifier.extend_timeout(span, failure)) == Values({{"EXTEND_TIMEOUT_USEC", rounded}}));
    HOLDS(said(notifier.main_pid(static_cast<pid_t>(number), failure)) ==
          Values({{"MAINPID", std::to_string(static_cast<pid_t>(number))}}));
    const bool kept = notifier.remove(text, failure);
    HOLDS(kept != static_cast<bool>(failure));
    HOLDS(manager.receive() == (kept ? Values({{"FDSTOREREMOVE", "1"}, {"FDNAME", text}}) : Values()));
    HOLDS(!kept || text.find(':') == std::string::npos);
    HOLDS(kept || is_one_line(failure.message()));
}

// systemd.syntax(7): a unit's lines, of which one that ends with a backslash takes the next with it. Each of ours is
// there as it was meant, and no text makes another.
TARGET(unit_file) {
    ServiceDefinition unit;
    unit.name = "timestampd";
    unit.program = "/usr/bin/" + fuzz::some_word(bytes);
    unit.description = fuzz::some_word(bytes);
    for (std::string& word : fuzz::some_words(bytes, 3)) unit.arguments.push_back(std::move(word));
    const std::string text = unit_text(unit);
    std::vector<std::string> lines(1);
    for (const char c : text) {
        const std::string& line = lines.back();
        const bool goes_on = !line.empty() && line.back() == '\\' && c == '\n';
        if (goes_on) lines.back().back() = ' ';
        if (!goes_on && c == '\n') lines.emplace_back();
        if (c != '\n') lines.back() += c;
    }
    const auto has = [&](const std::string& start) {
        return std::count_if(lines.begin(), lines.end(),
                             [&](const std::string& line) { return line.compare(0, start.size(), start) == 0; }) == 1;
    };
    HOLDS(lines.size() == 14 && has("Description=") && has("After=network.target") && has("ExecStart=\"/usr/bin/"));
    HOLDS(has("[Unit]") && has("[Service]") && has("[Install]") && has("Restart=on-failure") && has("ExecReload="));
}
