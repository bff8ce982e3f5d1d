// The verdict on a launch under a fault: the daemon is up with every property, or one line names the right step and
// nothing is left.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_VERDICT_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_VERDICT_HPP

#include "start.hpp"

#include <fstream>
#include <regex.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace faults {

/// Which step a fault has to be reported as: the first line of the table that fits "ROLE KIND VALUE CALL".
class Steps {
  public:
    explicit Steps(const std::string& path) {
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) {
            const std::size_t tab = line.find('\t');
            if (line.empty() || line[0] == '#') continue;
            if (tab == std::string::npos) throw std::runtime_error("no step in the line: " + line);
            rules_.push_back({line.substr(0, tab), line.substr(line.rfind('\t') + 1)});
        }
        if (rules_.empty()) throw std::runtime_error("no steps in " + path);
    }

    /// Empty where the table knows none.
    std::string of(const std::string& text) const {
        for (const Rule& rule : rules_) {
            if (matches(rule.pattern, text)) return rule.step;
        }
        return "";
    }

    static bool matches(const std::string& pattern, const std::string& text) {
        regex_t compiled;
        if (::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0)
            throw std::runtime_error("bad pattern: " + pattern);
        const bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
        ::regfree(&compiled);
        return found;
    }

  private:
    struct Rule {
        std::string pattern;
        std::string step;
    };
    std::vector<Rule> rules_;
};

/// The outcome of a launch under a fault. `wrong` is the defect, or empty.
struct Verdict {
    std::string outcome; // up, told, killed, missed
    std::string wrong;
};

/// The files that are left behind, except a log with the complete text of the daemon, and the directories above it.
inline std::string left_behind(const Start& start, const Properties& wanted) {
    std::map<std::string, std::string> expected = start.world_before(), seen = see_world(start.last_daemon());
    for (const auto& [path, info] : see_world(start.last_daemon())) {
        const auto whole = wanted.find("file " + path);
        const bool is_log = starts_with(path, "/srv/jail/var/log/every/") && info.back() == '\n';
        if (!is_log || whole == wanted.end() || whole->second != info) continue;
        seen.erase(path);
        seen.erase("/srv/jail/var/log/every");
    }
    return difference(expected, seen);
}

/// Of what was written to standard error, the lines that are the launcher's message, without the daemon's own words.
inline std::vector<std::string> messages_in(const std::string& said) {
    std::vector<std::string> lines;
    std::istringstream text(said);
    for (std::string line; std::getline(text, line);) {
        if (line != "reading the input" && line != "every: warming up" && !line.empty()) lines.push_back(line);
    }
    return lines;
}

inline std::string wrong_texts(const Fault& fault, const std::string& injected, const std::string& said,
                               const Steps& steps) {
    const std::vector<std::string> lines = messages_in(said);
    const std::string key = fault.call.role + " " + fault.kind + " " + fault.value + " " + injected;
    const std::string step = steps.of(key);
    // A killed launcher prints nothing, and a failed write of the message leaves no message.
    if (step == "-" && lines.size() <= 1) return "";
    if (lines.size() != 1) return std::to_string(lines.size()) + " lines: " + said;
    if (step.empty()) return "no step is known for: " + key + " which said: " + lines[0];
    return Steps::matches("^every: " + step, lines[0])
               ? ""
               : "should say \"" + step + "\" for " + injected + " and says: " + lines[0];
}

inline Verdict judge(Start& start, const Fault& fault, const Properties& wanted, const Steps& steps) {
    if (start.hung()) return {"hung", "it hangs; it said: " + start.said()};
    const bool by_signal = fault.kind == "signal";
    const bool up = start.daemon() > 0;
    const bool launcher_killed = WIFSIGNALED(start.status());
    if (up && (start.status() == 0 || launcher_killed)) {
        Properties properties = start.properties();
        // A launcher that is killed, or cannot write, shows less.
        const bool shows_less = fault.call.role == "launcher" && starts_with(start.injected(), "write(1");
        if (launcher_killed || shows_less) properties["shown output"] = wanted.at("shown output");
        const std::string differs = difference(wanted, properties);
        return {start.was_injected() ? "up" : "missed", differs};
    }
    if (start.status() == 0) {
        // A signal that came with the record ends a daemon that was up.
        const bool was_up = by_signal && fault.call.role == "daemon" && fault.call.after_readiness;
        return {"killed", was_up ? "" : "exit status 0, and no daemon; it said: " + start.said()};
    }
    std::string wrong;
    // Files that a process cannot remove because of SIGKILL are stale, and must not refuse the next start.
    const bool may_be_stale = launcher_killed && fault.value == "KILL";
    if (!start.processes_left().empty() && !launcher_killed)
        wrong += "processes left: " + start.processes_left() + "; ";
    const std::string files = left_behind(start, wanted);
    if (!files.empty() && !may_be_stale) wrong += "left: " + files;
    if (!launcher_killed) wrong += wrong_texts(fault, start.injected(), start.said(), steps);
    return {launcher_killed ? "killed" : "told", wrong};
}

} // namespace faults

#endif
