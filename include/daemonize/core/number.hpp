// Reading numbers out of files, variables and arguments that anybody may have written.
// Uses nothing; everything else may use it.
#ifndef DAEMONIZE_CORE_NUMBER_HPP
#define DAEMONIZE_CORE_NUMBER_HPP

#include <cstddef>
#include <cstdint>

namespace daemonize {
namespace detail {

// A decimal number from 0 to `most` that fills the whole of `text`: no sign, no space, no leftover. False otherwise,
// and then `value` is untouched.
inline bool parse_number(const char* text, std::size_t size, std::uint64_t most, std::uint64_t& value) noexcept {
    if (size == 0) return false;
    std::uint64_t result = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        const std::uint64_t digit = static_cast<std::uint64_t>(text[i] - '0');
        if (digit > most || result > (most - digit) / 10) return false;
        result = result * 10 + digit;
    }
    value = result;
    return true;
}

// What a pid file holds: one positive number, with or without the end of its line. 0 for anything else.
inline std::int32_t parse_pid(const char* text, std::size_t size) noexcept {
    if (size > 0 && text[size - 1] == '\n') --size;
    std::uint64_t value = 0;
    return parse_number(text, size, INT32_MAX, value) ? static_cast<std::int32_t>(value) : 0;
}

// `value` in decimal, ended by a zero byte. Returns the number of digits. Needs no allocation: used after a fork.
inline std::size_t format_number(std::uint64_t value, char (&text)[21]) noexcept {
    char reversed[20];
    std::size_t size = 0;
    do {
        reversed[size++] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (std::size_t i = 0; i < size; ++i) text[i] = reversed[size - 1 - i];
    text[size] = '\0';
    return size;
}

} // namespace detail
} // namespace daemonize

#endif
