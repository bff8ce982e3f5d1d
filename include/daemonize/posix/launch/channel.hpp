// The launch channel: what the daemon, and the process between, tell the launcher. A socket pair, and not a pipe, so that
// a launcher that died raises no SIGPIPE; close-on-exec, so that no program the daemon starts keeps the launcher waiting.
// Uses quiet_socket; the launch uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_CHANNEL_HPP
#define DAEMONIZE_POSIX_LAUNCH_CHANNEL_HPP

#include "../system/files.hpp"
#include "../system/pipes.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <sys/types.h>

namespace daemonize {
namespace detail {

// One message to the launcher: this fixed part, then the two texts. Errors travel as numbers that were saved at once:
// errno may have changed since.
struct Record {
    enum Kind : std::uint32_t { progress = 1, ready, failed, died };

    std::uint32_t kind = 0;
    std::int32_t stage = 0;
    std::int32_t error = 0;
    std::int32_t exit_code = 0; // died: the wait status
    std::int64_t pid = 0;
    std::int64_t extend_by = 0; // nanoseconds
    std::uint32_t detail_size = 0;
    std::uint32_t reason_size = 0;
};

constexpr std::size_t record_text_limit = 2000; // of each text: an error's one line, whatever the path

struct Channel {
    Descriptor launcher;
    Descriptor daemon;
};

inline StepError make_channel(Channel& channel) noexcept {
    const bool is_made = make_socket_pair(channel.launcher, channel.daemon);
    return is_made ? StepError() : step_error(Stage::channel, errno);
}

// Sends one record whole. Allocates nothing. False where the launcher is gone.
inline bool send_record(int channel, Record record, const char* detail = "", const char* reason = "") noexcept {
    char message[sizeof(Record) + 2 * record_text_limit];
    const auto fitting = [](const char* text) {
        std::size_t size = 0;
        while (size < record_text_limit && text[size] != '\0') ++size;
        return size;
    };
    record.detail_size = static_cast<std::uint32_t>(fitting(detail));
    record.reason_size = static_cast<std::uint32_t>(fitting(reason));
    std::memcpy(message, &record, sizeof record);
    std::memcpy(message + sizeof record, detail, record.detail_size);
    std::memcpy(message + sizeof record + record.detail_size, reason, record.reason_size);
    const std::size_t size = sizeof record + record.detail_size + record.reason_size;
    return write_all(message, size, [channel](const char* from, std::size_t count) {
               return DAEMONIZE_SYSTEM(send)(channel, from, count, no_sigpipe);
           }) == 0;
}

inline bool send_step_error(int channel, const StepError& fault, int exit_code) noexcept {
    Record record;
    record.kind = Record::failed;
    record.stage = static_cast<std::int32_t>(fault.stage);
    record.error = fault.error;
    record.exit_code = exit_code;
    return send_record(channel, record, fault.detail, fault.reason);
}

// Receives `size` bytes; false at the end of the stream (errno is 0), or on an error, before they are complete.
inline bool receive_whole(int channel, void* buffer, std::size_t size) noexcept {
    for (std::size_t done = 0; done < size;) {
        const ssize_t received =
            retry([&] { return DAEMONIZE_SYSTEM(recv)(channel, static_cast<char*>(buffer) + done, size - done, 0); });
        if (received == 0) errno = 0;
        if (received <= 0) return false;
        done += static_cast<std::size_t>(received);
    }
    return true;
}

inline bool receive_text(int channel, std::size_t size, std::string& text) {
    text.resize(size);
    return size == 0 || receive_whole(channel, &text[0], size);
}

// Whether it is one that our side sends. A status beyond one byte would end a launcher that failed with success.
inline bool is_record(const Record& record) noexcept {
    const bool names_daemon = record.kind == Record::ready || record.kind == Record::died;
    if (record.kind < Record::progress || record.kind > Record::died) return false;
    if (record.stage < 0 || record.stage > static_cast<std::int32_t>(Stage::configuration)) return false;
    if (names_daemon && (record.pid <= 0 || record.pid > INT32_MAX)) return false;
    if (record.kind == Record::failed && (record.exit_code < 0 || record.exit_code > 255)) return false;
    return record.detail_size <= record_text_limit && record.reason_size <= record_text_limit;
}

// Receives one record. False at the end of the stream, and where what came is no record: both mean that nobody is there
// who keeps to the protocol; errno is 0 then.
inline bool receive_record(int channel, Record& record, std::string& detail, std::string& reason) {
    if (!receive_whole(channel, &record, sizeof record)) return false;
    errno = 0;
    if (!is_record(record)) return false;
    return receive_text(channel, record.detail_size, detail) && receive_text(channel, record.reason_size, reason);
}

} // namespace detail
} // namespace daemonize

#endif
