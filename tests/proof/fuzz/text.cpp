// Fuzz targets for numbers, addresses, verbs and texts, each against a slow reference parser or a rule.
#include <daemonize/core/duration.hpp>
#include <daemonize/core/listen_address.hpp>
#include <daemonize/core/number.hpp>
#include <daemonize/core/utf.hpp>
#include <daemonize/service/status_report.hpp>
#include <daemonize/service/verbs.hpp>

#include "fuzz.hpp"
#include "json.hpp"

#include <algorithm>
#include <chrono>

using daemonize::Duration;
using namespace daemonize::detail;

namespace {

// The number, or -1 for what is none; of up to 38 digits, which no 64-bit number has.
__int128 slow_number(const std::string& text) {
    __int128 number = text.empty() ? -1 : 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return -1;
        if (number < static_cast<__int128>(1) << 120) number = number * 10 + (c - '0');
    }
    return number;
}

// `count` periods of num/den seconds in nanoseconds, cut towards zero and saturated.
std::int64_t slow_nanoseconds(std::int64_t count, std::int64_t num, std::int64_t den) {
    __int128 exact = static_cast<__int128>(count) * num;
    exact = exact / den > (static_cast<__int128>(1) << 90) || exact / den < -(static_cast<__int128>(1) << 90)
                ? (exact < 0 ? INT64_MIN : INT64_MAX)
                : exact * 1000000000 / den;
    return exact > INT64_MAX ? INT64_MAX : exact < INT64_MIN ? INT64_MIN : static_cast<std::int64_t>(exact);
}

template <class Period>
void check_period(std::int64_t count) {
    const Duration span = std::chrono::duration<std::int64_t, Period>(count);
    HOLDS(span.nanoseconds() == slow_nanoseconds(count, Period::num, Period::den));
}

// Valid UTF-8 by the table of the Unicode standard (3.9, "Well-Formed UTF-8 Byte Sequences").
bool is_well_formed(const std::string& text) {
    const auto in = [&](std::size_t at, unsigned low, unsigned high) {
        return at < text.size() && static_cast<unsigned char>(text[at]) >= low &&
               static_cast<unsigned char>(text[at]) <= high;
    };
    for (std::size_t at = 0; at < text.size();) {
        if (in(at, 0x00, 0x7f)) {
            at += 1;
        } else if (in(at, 0xc2, 0xdf) && in(at + 1, 0x80, 0xbf)) {
            at += 2;
        } else if (((in(at, 0xe0, 0xe0) && in(at + 1, 0xa0, 0xbf)) || (in(at, 0xe1, 0xec) && in(at + 1, 0x80, 0xbf)) ||
                    (in(at, 0xed, 0xed) && in(at + 1, 0x80, 0x9f)) || (in(at, 0xee, 0xef) && in(at + 1, 0x80, 0xbf))) &&
                   in(at + 2, 0x80, 0xbf)) {
            at += 3;
        } else if (((in(at, 0xf0, 0xf0) && in(at + 1, 0x90, 0xbf)) || (in(at, 0xf1, 0xf3) && in(at + 1, 0x80, 0xbf)) ||
                    (in(at, 0xf4, 0xf4) && in(at + 1, 0x80, 0x8f))) &&
                   in(at + 2, 0x80, 0xbf) && in(at + 3, 0x80, 0xbf)) {
            at += 4;
        } else {
            return false;
        }
    }
    return true;
}

} // namespace

TARGET(number) {
    const auto most = bytes.ConsumeBool() ? UINT64_MAX : bytes.ConsumeIntegral<std::uint64_t>();
    const std::string text = bytes.ConsumeRandomLengthString(40);
    constexpr std::uint64_t untouched = 4711;
    std::uint64_t value = untouched;
    const bool accepted = parse_number(text.data(), text.size(), most, value);
    const __int128 number = slow_number(text);
    HOLDS(accepted == (number >= 0 && number <= static_cast<__int128>(most)));
    HOLDS(value == (accepted ? static_cast<std::uint64_t>(number) : untouched));
    char digits[21];
    const std::size_t size = format_number(most, digits);
    HOLDS(slow_number(std::string(digits, size)) == static_cast<__int128>(most) && digits[size] == '\0');
}

TARGET(duration) {
    const auto count = bytes.ConsumeIntegral<std::int64_t>(), other = bytes.ConsumeIntegral<std::int64_t>();
    check_period<std::nano>(count);
    check_period<std::pico>(count);
    check_period<std::milli>(count);
    check_period<std::ratio<1>>(count);
    check_period<std::ratio<3600>>(count);
    check_period<std::ratio<31556952>>(count);
    check_period<std::ratio<1, 60>>(count);
    check_period<std::ratio<1001, 30000>>(count);
    HOLDS(Duration::seconds(count).nanoseconds() == slow_nanoseconds(count, 1, 1));
    HOLDS(Duration::milliseconds(count).nanoseconds() == slow_nanoseconds(count, 1, 1000));
    const __int128 sum = static_cast<__int128>(count) + other;
    const __int128 cut = std::min<__int128>(std::max<__int128>(sum, INT64_MIN), INT64_MAX);
    HOLDS((Duration::nanoseconds(count) + Duration::nanoseconds(other)).nanoseconds() == cut);
    const auto real = bytes.ConsumeFloatingPoint<double>();
    const Duration span = std::chrono::duration<double>(real);
    HOLDS(real != real ? span == Duration() : (real < 0) == (span < Duration()) || real * 1e9 > -1);
    HOLDS(!(real > 1e10) || span == Duration::longest());
}

TARGET(listen_text) {
    const std::string text = bytes.ConsumeRemainingBytesAsString();
    ListenText result;
    if (parse_listen_text(text, result) != nullptr) return;
    // Written again from its parts, it is what was read: nothing was dropped, nothing made up.
    const std::size_t digits = text.find_last_not_of("0123456789") + 1;
    HOLDS(slow_number(text.substr(digits)) == result.port);
    std::string again = result.datagrams ? "udp:" : "";
    HOLDS((text.compare(0, 4, "udp:") == 0) == result.datagrams);
    if (digits > again.size()) again += result.host + ":";
    HOLDS(again + text.substr(digits) == text);
    HOLDS(result.every == (result.host.empty() || result.host == "*"));
}

TARGET(verbs) {
    static const char* const own[] = {"run",       "start", "stop",   "restart", "reload", "status", "install",
                                      "uninstall", "help",  "--json", "--",      "-",      "",       "stop "};
    std::vector<std::string> words(bytes.ConsumeIntegralInRange<std::size_t>(0, 5));
    for (std::string& word : words) {
        const std::size_t choice = bytes.ConsumeIntegralInRange<std::size_t>(0, std::size(own));
        word = choice < std::size(own) ? own[choice] : fuzz::some_word(bytes);
    }
    const VerbLine line = parse_verbs(words);
    HOLDS(line.problem == one_line(line.problem));
    const bool has_verb = !words.empty() && (words[0].empty() || words[0][0] != '-');
    if (has_verb && find_verb(words[0]) == nullptr) {
        HOLDS(line.verb == Verb::none && !line.problem.empty());
        return;
    }
    HOLDS(has_verb == (line.verb != Verb::none));
    if (has_verb) HOLDS(find_verb(words[0])->verb == line.verb);
    // The body gets the last words as they are; of those before, all but the verb are ours by name.
    HOLDS(line.arguments.size() <= words.size());
    HOLDS(std::equal(line.arguments.rbegin(), line.arguments.rend(), words.rbegin()));
    std::size_t at = has_verb ? 1 : 0;
    if (line.json) HOLDS(line.verb == Verb::status && words[at++] == "--json");
    if (at + line.arguments.size() < words.size()) HOLDS(words[at++] == "--");
    HOLDS(at + line.arguments.size() == words.size());
    const bool takes = !has_verb || find_verb(words[0])->takes_arguments;
    HOLDS(line.problem.empty() == (takes || line.arguments.empty()));
}

TARGET(utf) {
    const std::string text = bytes.ConsumeRandomLengthString(200);
    std::string valid;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t before = at;
        const std::uint32_t point = decode_utf8(text, at);
        HOLDS(at > before && at <= text.size() && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff));
        append_utf8(valid, point);
    }
    HOLDS(is_well_formed(valid));
    HOLDS((valid == text) == is_well_formed(text));
    const std::u16string wide = to_utf16(text);
    HOLDS(to_utf8(wide.data(), wide.size()) == valid);
    std::u16string units;
    while (bytes.remaining_bytes() > 0) units += static_cast<char16_t>(bytes.ConsumeIntegral<std::uint16_t>());
    const std::string narrow = to_utf8(units.data(), units.size());
    HOLDS(is_well_formed(narrow));
    bool paired = true;
    for (std::size_t i = 0; i < units.size(); ++i) {
        const bool high = units[i] >= 0xd800 && units[i] < 0xdc00, low = units[i] >= 0xdc00 && units[i] < 0xe000;
        const bool pair = high && i + 1 < units.size() && units[i + 1] >= 0xdc00 && units[i + 1] < 0xe000;
        paired = paired && (pair || !(high || low));
        i += pair ? 1 : 0;
    }
    HOLDS((to_utf16(narrow) == units) == (paired || units == to_utf16(narrow)));
    if (paired) HOLDS(to_utf16(narrow) == units);
}

TARGET(status) {
    StatusReport now;
    now.name = fuzz::some_word(bytes);
    now.state = "running";
    now.pid = bytes.ConsumeIntegral<std::int32_t>();
    now.since = bytes.ConsumeIntegral<std::int64_t>();
    now.memory = bytes.ConsumeIntegral<std::uint64_t>();
    now.exit_code = bytes.ConsumeIntegral<std::int64_t>();
    now.pid_file = fuzz::some_word(bytes);
    const std::string json = status_json(now);
    HOLDS(json.back() == '\n' && std::count(json.begin(), json.end(), '\n') == 1);
    HOLDS(is_well_formed(json));
    std::map<std::string, std::string> values;
    HOLDS(fuzz::read_json_object(json, values));
    HOLDS(values["state"] == "running");
    if (is_well_formed(now.name)) HOLDS(values["name"] == now.name);
    if (is_well_formed(now.pid_file)) HOLDS(values["pid_file"] == now.pid_file);
    HOLDS(now.pid <= 0 || values["pid"] == std::to_string(now.pid));
    HOLDS(now.memory == 0 || values["memory"] == std::to_string(now.memory));
    // For people: a line each for what is known, whatever the name holds; and a memory that is the right one.
    const std::string people = status_text(now);
    const auto lines =
        1 + (now.pid > 0) + (now.since != 0) + (now.memory != 0) + (now.exit_code != 0) + !now.pid_file.empty();
    HOLDS(std::count(people.begin(), people.end(), '\n') == lines);
    HOLDS(memory_text(now.memory).find(std::to_string(now.memory / 1048576) + ".") == 0);
}
