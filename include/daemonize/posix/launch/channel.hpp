// The launch channel: records that the daemon and the intermediate process send to the launcher (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_CHANNEL_HPP
#define DAEMONIZE_POSIX_LAUNCH_CHANNEL_HPP

#include "../system/files.hpp"
#include "../system/pipes.hpp"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <sys/types.h>

namespace daemonize {
namespace detail {

// The fixed part of a message to the launcher. Two texts follow it.
struct Record {
    enum Kind : std::uint32_t { progress = 1, ready, failed, died };

    std::uint32_t kind = 0;
    std::int32_t stage = 0;
    std::int32_t error = 0;
    std::int32_t exit_code = 0; // of a record of kind died: the wait status
    std::int64_t pid = 0;
    std::int64_t extend_by = 0; // nanoseconds
    std::uint32_t detail_size = 0;
    std::uint32_t reason_size = 0;
};

constexpr std::size_t record_text_limit = 2000; // bytes of each text

// The texts of a received record. Arrays, so that the launcher needs no memory to receive a record.
struct RecordTexts {
    char detail[record_text_limit + 1] = "";
    char reason[record_text_limit + 1] = "";
};

// Both ends of the channel: a socket pair, because a write to a pipe would raise SIGPIPE after the launcher's death.
// Both are close-on-exec: otherwise a program that the daemon starts would keep the channel open, and the launcher
// waiting.
struct Channel {
    Descriptor launcher;
    Descriptor daemon;
};

inline StepError make_channel(Channel& channel) noexcept {
    const bool is_made = make_socket_pair(channel.launcher, channel.daemon);
    return is_made ? StepError() : step_error(Stage::channel, errno);
}

// Sends one record, and cuts long texts. Allocates nothing. Returns false and sets errno if the launcher has closed its
// end. One call of send(2) keeps the record whole: a daemon that is killed between two calls would leave a part of it,
// and the record of its death would follow as a text.
inline bool send_record(int channel, Record record, std::string_view detail = {},
                        std::string_view reason = {}) noexcept {
    char message[sizeof(Record) + 2 * record_text_limit];
    detail = detail.substr(0, record_text_limit);
    reason = reason.substr(0, record_text_limit);
    record.detail_size = static_cast<std::uint32_t>(detail.size());
    record.reason_size = static_cast<std::uint32_t>(reason.size());
    std::memcpy(message, &record, sizeof record);
    detail.copy(message + sizeof record, detail.size());
    reason.copy(message + sizeof record + detail.size(), reason.size());
    const std::size_t size = sizeof record + record.detail_size + record.reason_size;
    return write_all(message, size, [channel](const char* from, std::size_t count) {
               return DAEMONIZE_SYSTEM(send)(channel, from, count, no_sigpipe);
           }) == 0;
}

inline bool send_step_error(int channel, const StepError& failed, int exit_code) noexcept {
    Record record;
    record.kind = Record::failed;
    record.stage = static_cast<std::int32_t>(failed.stage);
    record.error = failed.error;
    record.exit_code = exit_code;
    return send_record(channel, record, failed.detail, failed.reason);
}

// Receives `size` bytes. Returns false on an error, and at the end of the stream with errno 0.
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

inline bool receive_text(int channel, std::size_t size, char (&text)[record_text_limit + 1]) noexcept {
    text[size] = '\0';
    return size == 0 || receive_whole(channel, text, size);
}

// Whether send_record() could have sent the record. An exit code above 255 is refused: exit(3) would cut 256 to
// success.
inline bool is_record(const Record& record) noexcept {
    const bool names_daemon = record.kind == Record::ready || record.kind == Record::died;
    if (record.kind < Record::progress || record.kind > Record::died) return false;
    if (record.stage < 0 || record.stage > static_cast<std::int32_t>(Stage::configuration)) return false;
    if (names_daemon && (record.pid <= 0 || record.pid > INT32_MAX)) return false;
    if (record.kind == Record::failed && (record.exit_code < 0 || record.exit_code > 255)) return false;
    return record.detail_size <= record_text_limit && record.reason_size <= record_text_limit;
}

// Receives one record. Returns false on an error. Returns false with errno 0 at the end of the stream, and for bytes
// that are no record.
inline bool receive_record(int channel, Record& record, RecordTexts& texts) noexcept {
    if (!receive_whole(channel, &record, sizeof record)) return false;
    errno = 0;
    if (!is_record(record)) return false;
    return receive_text(channel, record.detail_size, texts.detail) &&
           receive_text(channel, record.reason_size, texts.reason);
}

} // namespace detail
} // namespace daemonize

#endif
