// The verbs of a service program: their names, the parser of the command line, and the text of `help` (internal).
#ifndef DAEMONIZE_SERVICE_VERBS_HPP
#define DAEMONIZE_SERVICE_VERBS_HPP

#include "../core/failure.hpp"
#include "lsb_status.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace daemonize {
namespace detail {

enum class Verb { none, run, start, stop, restart, reload, status, install, uninstall, help };

struct VerbInfo {
    const char* name;
    const char* help;
    Verb verb;
    bool takes_arguments; // for the body
};

constexpr VerbInfo all_verbs[] = {
    {"run", "run in the foreground", Verb::run, true},
    {"start", "start in the background, and return when the service is ready", Verb::start, true},
    {"stop", "stop the service, and return when the process has ended", Verb::stop, false},
    {"restart", "check the configuration, stop and start", Verb::restart, true},
    {"reload", "check the configuration, and have the service read it again", Verb::reload, true},
    {"status", "print whether the service runs; with --json for programs", Verb::status, false},
    {"install", "start the service at each boot, with these arguments", Verb::install, true},
    {"uninstall", "remove the installation", Verb::uninstall, false},
    {"help", "print this text", Verb::help, false},
};

// A parsed command line.
struct VerbLine {
    Verb verb = Verb::none;
    bool json = false;
    std::vector<std::string> arguments; // for the body
    std::string problem;                // why the command line is refused; else empty
};

inline const char* verb_name(Verb verb) noexcept {
    for (const VerbInfo& info : all_verbs) {
        if (info.verb == verb) return info.name;
    }
    return "";
}

// All names: "run, start, ... or help".
inline std::string verb_list() {
    std::string list;
    constexpr std::size_t count = sizeof all_verbs / sizeof *all_verbs;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) list += i + 1 == count ? " or " : ", ";
        list += all_verbs[i].name;
    }
    return list;
}

inline const VerbInfo* find_verb(std::string_view word) noexcept {
    for (const VerbInfo& info : all_verbs) {
        if (word == info.name) return &info;
    }
    return nullptr;
}

// The exit status of a run that is out of memory. `word` is the first argument of the command line.
inline int exit_code_without_memory(std::string_view word) noexcept {
    const VerbInfo* const info = find_verb(word);
    if (info == nullptr || info->verb == Verb::run) return exit_code(Stage::memory);
    return info->verb == Verb::status ? lsb::status_unknown : lsb::failed;
}

// Parses the command line from command_line[at] on; `at` skips the program. The first argument is the verb. Without an
// argument, or if the first argument begins with `-`, the verb is Verb::none. The arguments behind the verb, or behind
// `--`, are the arguments of the body.
inline VerbLine parse_verbs(const std::vector<std::string>& command_line, std::size_t at = 0) {
    VerbLine line;
    const VerbInfo* info = nullptr;
    if (at < command_line.size() && (command_line[at].empty() || command_line[at][0] != '-')) {
        info = find_verb(command_line[at]);
        if (info == nullptr) {
            line.problem = joined({"\"", one_line(command_line[at]), "\" is not a verb; expected ", verb_list()});
            return line;
        }
        line.verb = info->verb;
        ++at;
    }
    if (line.verb == Verb::status && at < command_line.size() && command_line[at] == "--json") {
        line.json = true;
        ++at;
    }
    if (at < command_line.size() && command_line[at] == "--") ++at;
    for (; at < command_line.size(); ++at) line.arguments.push_back(command_line[at]);
    if (info != nullptr && !info->takes_arguments && !line.arguments.empty()) {
        line.problem = joined({info->name, " takes no argument \"", one_line(line.arguments[0]), "\""});
    }
    return line;
}

inline std::string help_text(const std::string& program, const std::string& name, const std::string& description) {
    std::string text = joined({name, description.empty() ? "" : ": ", one_line(description), "\n\nUsage: ", program,
                               " [VERB] [ARGUMENTS]\n\n"});
    for (const VerbInfo& info : all_verbs) {
        std::string column = info.name;
        column.resize(12, ' ');
        append(text, {"  ", column, info.help, "\n"});
    }
    text +=
        "\nWithout a verb the service runs as its host expects. The host is a shell, systemd, a supervisor, inetd, a\n"
        "container or the service control manager. The arguments behind the verb, or behind --, are passed to the "
        "service.\n";
    return text;
}

} // namespace detail
} // namespace daemonize

#endif
