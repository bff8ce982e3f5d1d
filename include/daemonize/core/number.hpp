// Decimal numbers, parsed from untrusted text and formatted without an allocation, and conversions of numbers
// (internal).
#ifndef DAEMONIZE_CORE_NUMBER_HPP
#define DAEMONIZE_CORE_NUMBER_HPP

#include <cstddef>
#include <cstdint>

namespace daemonize {
namespace detail {

// A cast between types that are one type on some platforms: -Wuseless-cast does not report a cast in a template.
template <class To, class From>
constexpr To convert(From value) noexcept {
    return static_cast<To>(value);
}

// Accepts a decimal number from 0 to `most` that fills the whole of `text`: no sign, no space. Otherwise returns false
// and leaves `value` unchanged.
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

// Parses the content of a pid file: one positive number, with or without a line end. Any other text gives 0.
inline std::int32_t parse_pid(const char* text, std::size_t size) noexcept {
    if (size > 0 && text[size - 1] == '\n') --size;
    std::uint64_t value = 0;
    return parse_number(text, size, INT32_MAX, value) ? static_cast<std::int32_t>(value) : 0;
}

// Writes `value` in decimal and a zero byte. Returns the number of digits. Allocates nothing: a child after fork(2)
// calls it.
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
