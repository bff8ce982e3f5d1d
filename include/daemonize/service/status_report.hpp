// StatusReport: the output of the verb status, as text and as JSON (internal).
#ifndef DAEMONIZE_SERVICE_STATUS_REPORT_HPP
#define DAEMONIZE_SERVICE_STATUS_REPORT_HPP

#include "../core/failure.hpp"
#include "../core/number.hpp"
#include "../core/utf.hpp"

#include <ctime>
#include <string>

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_WINDOWS()
inline bool to_local_time(std::time_t time, struct tm& result) noexcept { return ::localtime_s(&result, &time) == 0; }
#else
inline bool to_local_time(std::time_t time, struct tm& result) noexcept {
    return ::localtime_r(&time, &result) != nullptr;
}
#endif

// The local date and time, `seconds` after 1970-01-01 UTC.
inline std::string local_time_text(std::int64_t seconds) {
    struct tm local = {};
    char text[32];
    if (!to_local_time(convert<std::time_t>(seconds), local)) return joined({seconds});
    return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local));
}

// A string of JSON, in quotes. JSON is UTF-8, but a path may hold any bytes: an invalid byte becomes U+FFFD.
inline std::string json_string(const std::string& text) {
    static const char* const digits = "0123456789abcdef";
    std::string quoted = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t point = decode_utf8(text, at);
        if (point < 0x20) {
            quoted += "\\u00";
            quoted += digits[point >> 4];
            quoted += digits[point & 15];
            continue;
        }
        if (point == '"' || point == '\\') quoted += '\\';
        append_utf8(quoted, point);
    }
    return quoted += '"';
}

// A span of time in its two largest units.
inline std::string span_text(std::int64_t seconds) {
    const std::int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days > 0) return joined({days, " d ", hours, " h"});
    if (hours > 0) return joined({hours, " h ", minutes, " min"});
    if (minutes > 0) return joined({minutes, " min ", seconds % 60, " s"});
    return joined({seconds, " s"});
}

// An amount of memory in MiB, with one decimal.
inline std::string memory_text(std::uint64_t bytes) {
    constexpr std::uint64_t mebibyte = 1048576;
    return joined({bytes / mebibyte, ".", bytes % mebibyte * 10 / mebibyte, " MiB"});
}

// The known properties of a service. A property that is empty or 0 is unknown, and does not appear in the output.
struct StatusReport {
    std::string name;
    const char* state = "";
    const char* remark = ""; // follows the state in the text, not in the JSON
    std::int64_t pid = 0;
    std::int64_t since = 0;   // the start of the process, in seconds after 1970-01-01 UTC
    std::uint64_t memory = 0; // bytes
    std::string pid_file;
    std::int64_t exit_code = 0;

    std::int64_t uptime() const noexcept {
        const std::int64_t now = std::time(nullptr);
        return since <= 0 || now < since ? 0 : now - since;
    }
};

inline std::string status_text(const StatusReport& report) {
    std::string text = joined({one_line(report.name), ": ", report.state, report.remark, "\n"});
    if (report.pid > 0) append(text, {"  pid       ", report.pid, "\n"});
    if (report.since != 0) {
        append(text, {"  uptime    ", span_text(report.uptime()), ", since ", local_time_text(report.since), "\n"});
    }
    if (report.memory != 0) append(text, {"  memory    ", memory_text(report.memory), "\n"});
    if (report.exit_code != 0) append(text, {"  exit code ", report.exit_code, "\n"});
    if (!report.pid_file.empty()) append(text, {"  pid file  ", one_line(report.pid_file), "\n"});
    return text;
}

inline std::string status_json(const StatusReport& report) {
    std::string text = joined({"{\"name\":", json_string(report.name), ",\"state\":\"", report.state, "\""});
    if (report.pid > 0) append(text, {",\"pid\":", report.pid});
    if (report.since != 0) append(text, {",\"since\":", report.since, ",\"uptime\":", report.uptime()});
    if (report.memory != 0) append(text, {",\"memory\":", report.memory});
    if (report.exit_code != 0) append(text, {",\"exit_code\":", report.exit_code});
    if (!report.pid_file.empty()) append(text, {",\"pid_file\":", json_string(report.pid_file)});
    return text += "}\n";
}

} // namespace detail
} // namespace daemonize

#endif
