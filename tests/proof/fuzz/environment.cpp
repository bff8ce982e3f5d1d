// Fuzz targets for the environment and /proc: the variables of service managers and the files of processes, with any
// content.
#include <daemonize/core/utf.hpp>
#include <daemonize/posix/host/detect_host.hpp>
#include <daemonize/posix/host/notify_environment.hpp>
#include <daemonize/posix/service/log.hpp>
#include <daemonize/posix/sockets/listen_fds.hpp>
#include <daemonize/posix/steps/environment.hpp>
#include <daemonize/posix/system/proc.hpp>

#include "fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace daemonize::detail;

namespace {

// A variable's value that is often close to sense: our own number, a count, or anything.
std::string some_value(fuzz::Bytes& bytes) {
    switch (bytes.ConsumeIntegralInRange<int>(0, 3)) {
    case 0: return std::to_string(::getpid());
    case 1: return std::to_string(bytes.ConsumeIntegral<std::int64_t>());
    case 2: return std::to_string(bytes.ConsumeIntegralInRange<int>(-1, 5));
    default: return fuzz::some_word(bytes, 60);
    }
}

// Sets the variable, or takes it out of the environment.
const char* give(fuzz::Bytes& bytes, const char* name, std::string& value, bool anything = false) {
    value = anything ? fuzz::some_word(bytes, 60) : some_value(bytes);
    if (bytes.ConsumeBool()) {
        HOLDS(::unsetenv(name) == 0);
        return nullptr;
    }
    HOLDS(::setenv(name, value.c_str(), 1) == 0);
    return value.c_str();
}

bool is_number(const char* text) { return *text != '\0' && std::strspn(text, "0123456789") == std::strlen(text); }

// Zeros ahead of a number change nothing.
std::string without_zeros(std::string digits) {
    while (digits.size() > 1 && digits[0] == '0') digits.erase(0, 1);
    return digits;
}

// The number of this very process, and nothing else but a line's end.
bool names_us(const char* text) {
    std::string digits = text == nullptr ? "" : text;
    if (!digits.empty() && digits.back() == '\n') digits.pop_back();
    return without_zeros(digits) == std::to_string(::getpid());
}

bool is_one_line(const std::string& text) { return text == daemonize::detail::one_line(text); }

} // namespace

// Invalid variables of a service manager give a failure of one line. Only descriptors that the variables pass are
// taken.
TARGET(listen_variables) {
    std::string pid, count, names, id;
    const char* given_pid = give(bytes, "LISTEN_PID", pid);
    const char* given_count = give(bytes, "LISTEN_FDS", count);
    const char* given_names = give(bytes, "LISTEN_FDNAMES", names, true);
    const char* given_id = give(bytes, "LISTEN_PIDFDID", id);
    daemonize::Failure failure;
    const std::vector<std::string> found = daemonize::detail::read_activation(failure);
    if (failure) HOLDS(failure.stage() == daemonize::Stage::sockets && is_one_line(failure.message()));
    if (!failure && !found.empty()) {
        HOLDS(names_us(given_pid) && given_count != nullptr && is_number(given_count));
        HOLDS(given_id == nullptr || is_number(given_id));
        HOLDS(found.size() == std::strtoull(given_count, nullptr, 10));
        std::string joined;
        for (const std::string& name : found) joined += (joined.empty() && &name == &found[0] ? "" : ":") + name;
        if (given_names != nullptr) HOLDS(joined == given_names);
    }
    // With any content, the new variables name this process or are unchanged.
    Environment environment(nullptr);
    char** const before = environ;
    environment.install();
    const char* now = std::getenv("LISTEN_PID");
    HOLDS((now == nullptr) == (given_pid == nullptr));
    if (now != nullptr) HOLDS(std::strcmp(now, pid.c_str()) == 0 || names_us(now));
    environ = before;
    // Descriptors that far above are not open: all or none are taken, and the variables are gone.
    daemonize::Failure taken;
    if (found.size() > 3) HOLDS(daemonize::listen_fds(taken).empty());
    unset_activation();
    HOLDS(std::getenv("LISTEN_PID") == nullptr && std::getenv("LISTEN_FDNAMES") == nullptr);
}

TARGET(notify_variables) {
    static const char* const starts[] = {
        "", "/", "@", "vsock:", "vsock:", "vsock-dgram:", "vsock-stream:", "vsock-seqpacket:"};
    const std::string text = bytes.PickValueInArray(starts) + fuzz::some_word(bytes);
    NotifyAddress address;
    if (parse_notify_address(text, address) == nullptr) {
        HOLDS(address.address.size > 0 && address.address.size <= sizeof(sockaddr_storage));
        HOLDS(text[0] == '/' || text[0] == '@' || text.compare(0, 5, "vsock") == 0);
        if (address.address.family() == AF_UNIX) {
            const auto* path = reinterpret_cast<const sockaddr_un*>(address.address.get())->sun_path;
            const std::size_t size = address.address.size - offsetof(sockaddr_un, sun_path);
            HOLDS(std::string(path + 1, size - 1) == text.substr(1) + (text[0] == '/' ? std::string(1, '\0') : ""));
            HOLDS(path[0] == (text[0] == '/' ? '/' : '\0'));
        } else {
            HOLDS(is_number(text.substr(text.rfind(':') + 1).c_str()));
        }
    }
    std::string usec, pid;
    const char* given_usec = give(bytes, "WATCHDOG_USEC", usec);
    const char* given_pid = give(bytes, "WATCHDOG_PID", pid);
    daemonize::Duration timeout;
    const daemonize::Failure failure = read_watchdog(timeout);
    if (failure) HOLDS(is_one_line(failure.message()) && timeout == daemonize::Duration());
    HOLDS(!(timeout < daemonize::Duration()));
    if (timeout != daemonize::Duration()) {
        HOLDS(is_number(given_usec) && (given_pid == nullptr || names_us(given_pid)));
        const unsigned long long asked = std::strtoull(given_usec, nullptr, 10);
        HOLDS(timeout.nanoseconds() / 1000 == static_cast<std::int64_t>(std::min(asked, INT64_MAX / 1000ull)));
    }
}

TARGET(host_variables) {
    std::string chosen, socket, pid;
    const char* given = give(bytes, "DAEMONIZE_HOST", chosen, true);
    const char* given_socket = give(bytes, "NOTIFY_SOCKET", socket, true);
    const char* given_pid = give(bytes, "SYSTEMD_EXEC_PID", pid);
    daemonize::Failure failure;
    const daemonize::Host host = daemonize::detect_host(failure);
    HOLDS(is_one_line(host.why) && !host.why.empty());
    const bool is_chosen = given != nullptr && *given != '\0';
    if (is_chosen) HOLDS(failure ? is_one_line(failure.message()) : chosen == daemonize::to_string(host.kind));
    const bool by_socket = given_socket != nullptr && *given_socket != '\0';
    if (!is_chosen) HOLDS((host.kind == daemonize::HostKind::systemd) == (by_socket || names_us(given_pid)));
    // JOURNAL_STREAM, which is true only of the very file that standard error is.
    std::string stream;
    struct stat file_info;
    HOLDS(::fstat(STDERR_FILENO, &file_info) == 0);
    const std::string true_stream = std::to_string(file_info.st_dev) + ":" + std::to_string(file_info.st_ino);
    if (bytes.ConsumeBool()) {
        HOLDS(::setenv("JOURNAL_STREAM", true_stream.c_str(), 1) == 0);
    } else {
        give(bytes, "JOURNAL_STREAM", stream, true);
    }
    const char* now = std::getenv("JOURNAL_STREAM");
    const std::string text = now == nullptr ? "" : now;
    const std::size_t colon = std::min(text.find(':'), text.size());
    const bool is_ours = without_zeros(text.substr(0, colon)) + ":" +
                             (colon < text.size() ? without_zeros(text.substr(colon + 1)) : "") ==
                         true_stream;
    HOLDS(writes_to_journal() == is_ours);
}

// The files of /proc, with programs' names of any kind in them, and cut off anywhere.
TARGET(proc_files) {
    const auto threads = bytes.ConsumeIntegral<std::uint64_t>(), ignored = bytes.ConsumeIntegral<std::uint64_t>();
    const std::string lines = fuzz::some_word(bytes);
    char set[17];
    HOLDS(std::snprintf(set, sizeof set, "%016llx", static_cast<unsigned long long>(ignored)) == 16);
    std::string text = "Name:\t" + one_line(fuzz::some_word(bytes, 15)) + "\nThreads:\t" + std::to_string(threads) +
                       "\nSigIgn:\t" + set + "\n" + lines;
    const ProcessStatus status = parse_process_status(text.c_str());
    HOLDS(status.threads == threads && status.ignored == ignored);
    text.resize(bytes.ConsumeIntegralInRange<std::size_t>(0, text.size()));
    static_cast<void>(parse_process_status(text.c_str()));
    static_cast<void>(parse_process_status(lines.c_str()));

    const std::string name = fuzz::some_word(bytes, 15);
    std::string stat = "1 (" + name + ") S";
    std::vector<std::uint64_t> fields(20);
    for (std::uint64_t& field : fields) stat += " " + std::to_string(field = bytes.ConsumeIntegral<std::uint64_t>());
    stat += "\n";
    for (int number = 4; number < 24; ++number)
        HOLDS(stat_field(stat, number) == fields[static_cast<std::size_t>(number) - 4]);
    HOLDS(stat_field(stat, 24) == 0);
    stat.resize(bytes.ConsumeIntegralInRange<std::size_t>(0, stat.size()));
    static_cast<void>(stat_field(stat, 22));
    static_cast<void>(stat_field(lines, 22));
}
