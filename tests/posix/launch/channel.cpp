// The launch channel: a record arrives whole or not at all, and invalid bytes are refused.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <cstring>
#include <string>
#include <sys/socket.h>

#include <daemonize.hpp>

namespace detail = daemonize::detail;
using daemonize::Stage;
using detail::Record;

namespace {

// Both ends, and the last record that came.
struct Wire {
    Wire() { REQUIRE_FALSE(detail::make_channel(channel)); }

    void send(const Record& sent, const std::string& texts = "") {
        std::string bytes(sizeof sent, '\0');
        std::memcpy(&bytes[0], &sent, sizeof sent);
        send_bytes(bytes + texts);
    }
    void send_bytes(const std::string& bytes) {
        const ssize_t size = ::send(channel.daemon.get(), bytes.data(), bytes.size(), 0);
        REQUIRE(size == static_cast<ssize_t>(bytes.size()));
    }
    void end() { channel.daemon.reset(); }
    bool receive() {
        detail::RecordTexts texts;
        std::memset(texts.detail, '?', sizeof texts.detail); // as a record before may have left them
        std::memset(texts.reason, '?', sizeof texts.reason);
        const bool received = detail::receive_record(channel.launcher.get(), record, texts);
        if (received) detail = texts.detail;
        if (received) reason = texts.reason;
        return received;
    }

    detail::Channel channel;
    Record record;
    std::string detail = "from before";
    std::string reason = "from before";
};

Record a_record() {
    Record record;
    record.kind = Record::failed;
    record.stage = static_cast<std::int32_t>(Stage::chdir);
    return record;
}

} // namespace

TEST_CASE("a record arrives with all that was sent") {
    Wire wire;
    Record sent = a_record();
    sent.error = ENOENT;
    sent.exit_code = 7;
    sent.pid = 1234567;
    sent.extend_by = -5;
    REQUIRE(detail::send_record(wire.channel.daemon.get(), sent, "/srv", "it is gone"));
    REQUIRE(wire.receive());
    CHECK(wire.record.kind == Record::failed);
    CHECK(static_cast<Stage>(wire.record.stage) == Stage::chdir);
    CHECK(wire.record.error == ENOENT);
    CHECK(wire.record.exit_code == 7);
    CHECK(wire.record.pid == 1234567);
    CHECK(wire.record.extend_by == -5);
    CHECK(wire.detail == "/srv");
    CHECK(wire.reason == "it is gone");
}

TEST_CASE("records that were sent one after the other arrive one by one") {
    Wire wire;
    REQUIRE(detail::send_record(wire.channel.daemon.get(), a_record(), "one", ""));
    REQUIRE(detail::send_record(wire.channel.daemon.get(), a_record(), "", "two"));
    wire.end();
    REQUIRE(wire.receive());
    CHECK(wire.detail == "one");
    CHECK(wire.reason.empty());
    REQUIRE(wire.receive());
    CHECK(wire.detail.empty());
    CHECK(wire.reason == "two");
    CHECK_FALSE(wire.receive());
}

TEST_CASE("texts that are too long are cut by the sender") {
    Wire wire;
    const std::string text(100000, 'x');
    REQUIRE(detail::send_record(wire.channel.daemon.get(), a_record(), text.c_str(), text.c_str()));
    REQUIRE(wire.receive());
    CHECK(wire.detail == std::string(detail::record_text_limit, 'x'));
    CHECK(wire.reason == std::string(detail::record_text_limit, 'x'));
}

TEST_CASE("a truncated record is refused") {
    Record record = a_record();
    record.detail_size = 10;
    record.reason_size = 10;
    std::string bytes(sizeof record, '\0');
    std::memcpy(&bytes[0], &record, sizeof record);
    bytes += std::string(20, 'x');
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        Wire wire;
        wire.send_bytes(bytes.substr(0, size));
        wire.end();
        INFO("bytes that came: " << size << " of " << bytes.size());
        CHECK(wire.receive() == (size == bytes.size()));
    }
}

TEST_CASE("a record of an unknown kind or stage is refused") {
    const auto is_refused = [](const Record& record) {
        Wire wire;
        wire.send(record);
        wire.end();
        return !wire.receive();
    };
    Record record = a_record();
    CHECK_FALSE(is_refused(record));
    for (const std::uint32_t kind : {0u, Record::died + 1u, 0xffffffffu}) {
        record.kind = kind;
        CHECK(is_refused(record));
    }
    record = a_record();
    record.stage = static_cast<std::int32_t>(Stage::configuration); // the last of a launch's own
    CHECK_FALSE(is_refused(record));
    for (const std::int32_t stage : {-1, static_cast<std::int32_t>(Stage::configuration) + 1, INT32_MAX, INT32_MIN}) {
        record.stage = stage;
        CHECK(is_refused(record));
    }
}

TEST_CASE("a record with a process number or an exit status that is none is refused") {
    const auto is_taken = [](Record::Kind kind, std::int64_t pid, std::int32_t exit_code) {
        Wire wire;
        Record record = a_record();
        record.kind = kind;
        record.pid = pid;
        record.exit_code = exit_code;
        wire.send(record);
        wire.end();
        return wire.receive();
    };
    for (const Record::Kind kind : {Record::ready, Record::died}) {
        CHECK(is_taken(kind, 1, 0));
        CHECK(is_taken(kind, INT32_MAX, 0));
        CHECK_FALSE(is_taken(kind, 0, 0));
        CHECK_FALSE(is_taken(kind, -1, 0));
        CHECK_FALSE(is_taken(kind, std::int64_t{INT32_MAX} + 1, 0));
    }
    CHECK(is_taken(Record::died, 1, 256));
    CHECK(is_taken(Record::failed, 0, 255));
    CHECK_FALSE(is_taken(Record::failed, 0, 256));
    CHECK_FALSE(is_taken(Record::failed, 0, -1));
}

TEST_CASE("a record that claims longer texts than there are is refused, and no memory is taken for them") {
    for (const bool of_detail : {true, false}) {
        Wire wire;
        Record record = a_record();
        (of_detail ? record.detail_size : record.reason_size) = detail::record_text_limit + 1;
        wire.send(record, std::string(detail::record_text_limit + 1, 'x'));
        wire.end();
        CHECK_FALSE(wire.receive());
        CHECK(wire.detail == "from before");
        CHECK(wire.reason == "from before");
    }
}

TEST_CASE("sending to a launcher that is gone fails, and raises no signal") {
    Wire wire;
    wire.channel.launcher.reset();
    CHECK_FALSE(detail::send_record(wire.channel.daemon.get(), a_record()));
}

TEST_CASE("neither end of the channel reaches a program that is started") {
    Wire wire;
    CHECK((::fcntl(wire.channel.launcher.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(wire.channel.daemon.get(), F_GETFD) & FD_CLOEXEC) != 0);
}
