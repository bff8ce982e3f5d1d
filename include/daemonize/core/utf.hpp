// Conversion between UTF-8 and UTF-16; invalid input becomes U+FFFD (internal).
#ifndef DAEMONIZE_CORE_UTF_HPP
#define DAEMONIZE_CORE_UTF_HPP

#include <cstddef>
#include <cstdint>
#include <string>

namespace daemonize {
namespace detail {

constexpr std::uint32_t replacement_character = 0xfffd;

// Returns the code point at `at` and advances `at` behind it. An invalid byte gives U+FFFD and advances by one byte.
inline std::uint32_t decode_utf8(const std::string& text, std::size_t& at) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t first = byte(at++);
    if (first < 0x80) return first;
    const std::size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4) return replacement_character;
    std::uint32_t point = first & (0x3fu >> more);
    for (std::size_t i = 0; i < more; ++i) {
        if (at + i >= text.size() || (byte(at + i) & 0xc0) != 0x80) return replacement_character;
        point = point << 6 | (byte(at + i) & 0x3f);
    }
    // An overlong form, half a surrogate pair, or a value above U+10FFFF.
    if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000) || point > 0x10ffff ||
        (point >= 0xd800 && point < 0xe000)) {
        return replacement_character;
    }
    at += more;
    return point;
}

inline void append_utf8(std::string& text, std::uint32_t point) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xc0 | point >> 6);
        add(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        add(0xe0 | point >> 12);
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    } else {
        add(0xf0 | point >> 18);
        add(0x80 | (point >> 12 & 0x3f));
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    }
}

// `Wide` is a string of 16-bit units: std::u16string, on Windows also std::wstring.
template <class Wide = std::u16string>
Wide to_utf16(const std::string& text) {
    using Unit = typename Wide::value_type;
    Wide wide;
    wide.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t point = decode_utf8(text, at);
        if (point < 0x10000) {
            wide += static_cast<Unit>(point);
        } else {
            wide += static_cast<Unit>(0xd800 + ((point - 0x10000) >> 10));
            wide += static_cast<Unit>(0xdc00 + ((point - 0x10000) & 0x3ff));
        }
    }
    return wide;
}

// The number of UTF-16 units of `text`.
inline std::size_t utf16_size(const std::string& text) noexcept {
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) size += decode_utf8(text, at) < 0x10000 ? 1U : 2U;
    return size;
}

template <class Unit>
std::string to_utf8(const Unit* wide, std::size_t size) {
    std::string text;
    for (std::size_t at = 0; at < size; ++at) {
        std::uint32_t point = static_cast<std::uint16_t>(wide[at]);
        const std::uint32_t next = at + 1 < size ? static_cast<std::uint16_t>(wide[at + 1]) : 0u;
        if (point >= 0xd800 && point < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00);
            ++at;
        } else if (point >= 0xd800 && point < 0xe000) {
            point = replacement_character;
        }
        append_utf8(text, point);
    }
    return text;
}

} // namespace detail
} // namespace daemonize

#endif
