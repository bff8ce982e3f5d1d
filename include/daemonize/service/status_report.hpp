// What the verb status says of a service, to people and to programs.
// Uses verb; the verbs of each platform use it.
#ifndef DAEMONIZE_SERVICE_STATUS_REPORT_HPP
#define DAEMONIZE_SERVICE_STATUS_REPORT_HPP

#include "verbs.hpp"

#include <cstdio>
#include <ctime>
#include <string>

namespace daemonize {
namespace detail {

// What is known of a service; what is empty or 0 is not said.
struct StatusText {
    std::string name;
    const char* state = "";
    const char* remark = ""; // on the state, for people
    std::int64_t pid = 0;
    std::int64_t since = 0;   // seconds since 1970
    std::string since_text;   // as a date, by the clock on the wall
    std::uint64_t memory = 0; // bytes
    std::string pid_file;
    std::int64_t exit_code = 0;

    std::int64_t uptime() const noexcept {
        const auto now = static_cast<std::int64_t>(std::time(nullptr));
        return since <= 0 || now < since ? 0 : now - since;
    }
};

inline std::string people_status(const StatusText& now) {
    std::string text = joined({one_line(now.name), ": ", now.state, now.remark, "\n"});
    if (now.pid > 0) append(text, {"  pid       ", now.pid, "\n"});
    if (now.since != 0) append(text, {"  uptime    ", span_text(now.uptime()), ", since ", now.since_text, "\n"});
    if (now.memory != 0) append(text, {"  memory    ", memory_text(now.memory), "\n"});
    if (now.exit_code != 0) append(text, {"  exit code ", now.exit_code, "\n"});
    if (!now.pid_file.empty()) append(text, {"  pid file  ", one_line(now.pid_file), "\n"});
    return text;
}

inline std::string json_status(const StatusText& now) {
    std::string text = joined({"{\"name\":", json_string(now.name), ",\"state\":\"", now.state, "\""});
    if (now.pid > 0) append(text, {",\"pid\":", now.pid});
    if (now.since != 0) {
        append(text, {",\"since\":", now.since, ",\"uptime\":", now.uptime()});
    }
    if (now.memory != 0) append(text, {",\"memory\":", now.memory});
    if (now.exit_code != 0) append(text, {",\"exit_code\":", now.exit_code});
    if (!now.pid_file.empty()) append(text, {",\"pid_file\":", json_string(now.pid_file)});
    return text += "}\n";
}

// What a verb has to tell, on standard output.
inline int print(const std::string& text) noexcept {
    const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return printed ? lsb::success : lsb::failed;
}

} // namespace detail
} // namespace daemonize

#endif
