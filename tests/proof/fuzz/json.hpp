// A strict parser of one flat JSON object (RFC 8259), independent of the code that writes `status --json`.
#ifndef DAEMONIZE_TESTS_PROOF_FUZZ_JSON_HPP
#define DAEMONIZE_TESTS_PROOF_FUZZ_JSON_HPP

#include <cstddef>
#include <map>
#include <string>

namespace fuzz {

// A string at `at`, which moves behind it. False for what is none: a bare control character, an unknown escape.
inline bool read_json_string(const std::string& text, std::size_t& at, std::string& value) {
    if (text.compare(at, 1, "\"") != 0) return false;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (static_cast<unsigned char>(text[at]) < 0x20) return false;
        if (text[at] != '\\') {
            value += text[at];
            continue;
        }
        ++at;
        if (text.compare(at, 1, "u") == 0) { // of ours, control characters alone
            if (text.compare(at, 3, "u00") != 0 || at + 4 >= text.size()) return false;
            const std::string digits = text.substr(at + 3, 2);
            if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return false;
            value += static_cast<char>(std::stoi(digits, nullptr, 16));
            at += 4;
        } else if (at < text.size() && (text[at] == '"' || text[at] == '\\' || text[at] == '/')) {
            value += text[at];
        } else {
            return false;
        }
    }
    return at++ < text.size();
}

inline bool read_json_number(const std::string& text, std::size_t& at, std::string& value) {
    const std::size_t begin = at;
    if (text.compare(at, 1, "-") == 0) ++at;
    const std::size_t digits = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    value = text.substr(begin, at - begin);
    return at > digits && (at == digits + 1 || text[digits] != '0');
}

// One object on one line, each key once, its values strings or whole numbers.
inline bool read_json_object(const std::string& text, std::map<std::string, std::string>& values) {
    std::size_t at = 0;
    if (text.compare(at++, 1, "{") != 0) return false;
    for (;;) {
        std::string key, value;
        if (!read_json_string(text, at, key) || text.compare(at++, 1, ":") != 0) return false;
        const bool is_string = text.compare(at, 1, "\"") == 0;
        if (!(is_string ? read_json_string(text, at, value) : read_json_number(text, at, value))) return false;
        if (!values.emplace(key, value).second) return false;
        if (text.compare(at, 1, ",") != 0) return text.compare(at, std::string::npos, "}\n") == 0;
        ++at;
    }
}

} // namespace fuzz

#endif
