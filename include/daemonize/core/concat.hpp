// Concatenation of strings and numbers (internal). A chain of operator+ costs every program that includes the library
// an overload resolution for each operand, and code for each temporary string.
#ifndef DAEMONIZE_CORE_CONCAT_HPP
#define DAEMONIZE_CORE_CONCAT_HPP

#include "config.hpp"
#include "number.hpp"

#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace daemonize {
namespace detail {

// The text of a failure to which the application gave no reason.
constexpr const char* no_reason = "no reason was given";
// The same for a function of the application that can take a std::string&.
constexpr const char* no_why = "no reason was given: the function must set std::string& why";

// An operand of a concatenation: a text, which must outlive the Piece, or a number in decimal.
class Piece {
  public:
    Piece(const char* text) noexcept : data_(text), size_(std::strlen(text)) {}
    Piece(std::string_view text) noexcept : data_(text.data()), size_(text.size()) {}
    Piece(const std::string& text) noexcept : data_(text.data()), size_(text.size()) {}
    Piece(int number) noexcept : Piece(static_cast<long long>(number)) {}
    Piece(long number) noexcept : Piece(static_cast<long long>(number)) {}
    Piece(long long number) noexcept { write(number < 0, static_cast<std::uint64_t>(number)); }
    Piece(unsigned number) noexcept { write(false, number); }
    Piece(unsigned long number) noexcept { write(false, number); }
    Piece(unsigned long long number) noexcept { write(false, number); }
    Piece(const Piece&) = delete; // data_ may point to number_
    Piece& operator=(const Piece&) = delete;
    ~Piece() = default;

    const char* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    void write(bool is_negative, std::uint64_t number) noexcept {
        char digits[21];
        size_ = format_number(is_negative ? 0 - number : number, digits);
        char* at = number_;
        if (is_negative) *at++ = '-';
        std::memcpy(at, digits, size_);
        if (is_negative) ++size_;
        data_ = number_;
    }

    const char* data_ = nullptr;
    std::size_t size_ = 0;
    char number_[21];
};

// No piece may point into `text`.
inline void append(std::string& text, std::initializer_list<Piece> pieces) {
    std::size_t size = text.size();
    for (const Piece& piece : pieces) size += piece.size();
    text.reserve(size);
    for (const Piece& piece : pieces) text.append(piece.data(), piece.size());
}

inline std::string joined(std::initializer_list<Piece> pieces) {
    std::string text;
    append(text, pieces);
    return text;
}

} // namespace detail
} // namespace daemonize

#endif
