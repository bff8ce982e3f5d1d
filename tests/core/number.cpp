// Numbers from files and variables with untrusted content: a number is whole and in range, or refused.
#include "support/catch.hpp"

#include <climits>
#include <cstdint>
#include <string>

#include <daemonize.hpp>

namespace detail = daemonize::detail;

namespace {

bool parses(const std::string& text, std::uint64_t most, std::uint64_t& value) {
    return detail::parse_number(text.data(), text.size(), most, value);
}

std::int32_t pid_in(const std::string& text) { return detail::parse_pid(text.data(), text.size()); }

std::string formatted(std::uint64_t value) {
    char text[21];
    const std::size_t size = detail::format_number(value, text);
    REQUIRE(text[size] == '\0');
    return std::string(text, size);
}

} // namespace

TEST_CASE("a number that fills the whole text is read") {
    std::uint64_t value = 1;
    CHECK(parses("0", 10, value));
    CHECK(value == 0);
    CHECK(parses("007", 10, value));
    CHECK(value == 7);
    CHECK(parses("18446744073709551615", UINT64_MAX, value));
    CHECK(value == UINT64_MAX);
}

TEST_CASE("what is no number, or has something else beside it, is refused and changes nothing") {
    std::uint64_t value = 42;
    for (const char* text : {"", " 1", "1 ", "+1", "-1", "0x10", "1.0", "1\n", "one", "1a"}) {
        INFO("text: " << text);
        CHECK_FALSE(parses(text, 1000, value));
    }
    CHECK_FALSE(parses(std::string("1\0", 2), 1000, value));
    CHECK(value == 42);
}

TEST_CASE("a number above the limit is refused, however far above") {
    std::uint64_t value = 42;
    CHECK(parses("100", 100, value));
    CHECK_FALSE(parses("101", 100, value));
    CHECK_FALSE(parses("5", 3, value));
    CHECK_FALSE(parses("18446744073709551616", UINT64_MAX, value));
    CHECK_FALSE(parses("99999999999999999999999999", UINT64_MAX, value));
    CHECK(value == 100);
}

TEST_CASE("a pid file holds one positive number, with or without a line end") {
    CHECK(pid_in("1234\n") == 1234);
    CHECK(pid_in("1234") == 1234);
    CHECK(pid_in("2147483647\n") == INT_MAX);
    for (const char* text : {"", "\n", "0", "-1", "12 34\n", "12\n34\n", "12\n\n", "2147483648", "pid 12"}) {
        INFO("text: " << text);
        CHECK(pid_in(text) == 0);
    }
}

TEST_CASE("a number is written in decimal") {
    CHECK(formatted(0) == "0");
    CHECK(formatted(10) == "10");
    CHECK(formatted(UINT64_MAX) == "18446744073709551615");
}
