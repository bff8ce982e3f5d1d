// Verb: what a service program's first word asks for, and the exit statuses that init scripts have agreed on.
// Uses failure and utf; Service uses it.
#ifndef DAEMONIZE_SERVICE_VERBS_HPP
#define DAEMONIZE_SERVICE_VERBS_HPP

#include "../core/failure.hpp"
#include "../core/utf.hpp"

#include <string>
#include <vector>

namespace daemonize {
namespace detail {

enum class Verb { none, run, start, stop, restart, reload, status, install, uninstall, help };

struct VerbText {
    const char* name;
    const char* does;
    Verb verb;
    bool takes_arguments; // which are the body's
};

constexpr VerbText verb_texts[] = {
    {"run", "runs in the foreground", Verb::run, true},
    {"start", "starts it in the background, and returns when it is ready", Verb::start, true},
    {"stop", "stops it, and returns when it is gone", Verb::stop, false},
    {"restart", "checks the configuration, stops it and starts it again", Verb::restart, true},
    {"reload", "checks the configuration, and has it read it again", Verb::reload, true},
    {"status", "tells whether it runs; with --json for programs", Verb::status, false},
    {"install", "has the system start it at each boot, with these arguments", Verb::install, true},
    {"uninstall", "takes that back", Verb::uninstall, false},
    {"help", "shows this", Verb::help, false},
};

// The Linux Standard Base's, "Init Script Actions".
namespace lsb {
constexpr int success = 0;
constexpr int failed = 1;
constexpr int wrong_arguments = 2;
constexpr int no_rights = 4;
constexpr int not_installed = 5;
constexpr int not_configured = 6;
constexpr int not_running = 7;
// of status alone:
constexpr int status_dead = 1;
constexpr int status_not_running = 3;
constexpr int status_unknown = 4;
} // namespace lsb

struct VerbLine {
    Verb verb = Verb::none;
    bool json = false;
    std::vector<std::string> arguments; // the body's
    std::string problem;
};

inline std::string verb_list() {
    std::string list;
    constexpr std::size_t count = sizeof verb_texts / sizeof *verb_texts;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) list += i + 1 == count ? " or " : ", ";
        list += verb_texts[i].name;
    }
    return list;
}

inline const VerbText* find_verb(const std::string& word) noexcept {
    for (const VerbText& text : verb_texts) {
        if (word == text.name) return &text;
    }
    return nullptr;
}

// Reads the words from number `at` on: a command line without its program. The first word is a verb if it equals one; without a word, or with one that
// begins with `-`, there is none. All that follows is the body's; `--` ends what is ours.
inline VerbLine parse_verbs(const std::vector<std::string>& words, std::size_t at = 0) {
    VerbLine line;
    const VerbText* text = nullptr;
    if (at < words.size() && (words[at].empty() || words[at][0] != '-')) {
        text = find_verb(words[at]);
        if (text == nullptr) {
            line.problem = joined({"\"", one_line(words[at]), "\" is no verb: ", verb_list()});
            return line;
        }
        line.verb = text->verb;
        ++at;
    }
    if (line.verb == Verb::status && at < words.size() && words[at] == "--json") {
        line.json = true;
        ++at;
    }
    if (at < words.size() && words[at] == "--") ++at;
    for (; at < words.size(); ++at) line.arguments.push_back(words[at]);
    if (text != nullptr && !text->takes_arguments && !line.arguments.empty()) {
        line.problem = joined({text->name, " takes no argument \"", one_line(line.arguments[0]), "\""});
    }
    return line;
}

// The text of `help`.
inline std::string help_text(const std::string& program, const std::string& name, const std::string& description) {
    std::string text = joined({name, description.empty() ? "" : ": ", one_line(description), "\n\nUsage: ", program,
                               " [VERB] [ARGUMENTS]\n\n"});
    for (const VerbText& verb : verb_texts) {
        std::string column = verb.name;
        column.resize(12, ' ');
        append(text, {"  ", column, verb.does, "\n"});
    }
    text +=
        "\nWithout a verb it runs as whatever started it expects: a shell, systemd, a supervisor, inetd, a container,\n"
        "the service control manager. What follows the verb, or --, is the service's own.\n";
    return text;
}

// What an init script ends with after this failure.
inline int lsb_code(const Failure& failure) noexcept {
    if (!failure) return lsb::success;
    const bool refused =
        failure.code() == std::errc::permission_denied || failure.code() == std::errc::operation_not_permitted;
    if (refused) return lsb::no_rights;
    if (failure.stage() == Stage::configuration) return lsb::not_configured;
    if (failure.stage() == Stage::service_open) return lsb::not_installed;
    return failure.stage() == Stage::instance && failure.code() == std::errc::no_such_process ? lsb::not_running
                                                                                              : lsb::failed;
}

// A string of JSON, in quotes. A path may hold any bytes, and JSON is UTF-8: no reader would take it with others in it.
inline std::string json_string(const std::string& text) {
    static const char* const digits = "0123456789abcdef";
    std::string quoted = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t point = decode_utf8(text, at);
        if (point < 0x20) {
            quoted += "\\u00";
            quoted += digits[point >> 4];
            quoted += digits[point & 15];
            continue;
        }
        if (point == '"' || point == '\\') quoted += '\\';
        append_utf8(quoted, point);
    }
    return quoted += '"';
}

// A span of time for people: the two largest units of it.
inline std::string span_text(std::int64_t seconds) {
    const std::int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days > 0) return joined({days, " d ", hours, " h"});
    if (hours > 0) return joined({hours, " h ", minutes, " min"});
    if (minutes > 0) return joined({minutes, " min ", seconds % 60, " s"});
    return joined({seconds, " s"});
}

// An amount of memory for people.
inline std::string memory_text(std::uint64_t bytes) {
    constexpr std::uint64_t mebibyte = 1048576;
    return joined({bytes / mebibyte, ".", bytes % mebibyte * 10 / mebibyte, " MiB"});
}

} // namespace detail
} // namespace daemonize

#endif
