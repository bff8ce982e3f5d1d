// Runs one program that makes a daemon, with one failing system call at a time, and counts the results: the daemon is
// up, the program reports a failure, or the result is wrong. compare.sh runs this program for each peer. compare
// DIRECTORY ERRNOS PID_FILE END COMMAND... END is a text in the arguments of the system call that follows the launch.
// Prints the counts, and the reason of each wrong result.
#include "tables.hpp"
#include "trace.hpp"
#include "verdict.hpp"

#include <iostream>
#include <set>

using namespace faults;

namespace {

// The text for a daemon that lacks a property: named by the property that differs from a launch without the failure.
std::string in_words(const Properties& wanted, const Properties& seen) {
    static const std::vector<std::pair<const char*, const char*>> words = {
        {"terminal", "the terminal still attached"},
        {"session", "no session of its own"},
        {"process group", "no session of its own"},
        {"stream", "standard streams that still lead to the launcher's"},
        {"descriptor", "inherited descriptors left open"},
        {"lock", "no lock"},
        {"file", "no pid file"},
        {"cwd", "another directory"},
        {"Sig", "other signals"},
        {"Umask", "another umask"},
    };
    for (const auto& [name, text] : words) {
        for (const Properties* all : {&wanted, &seen}) {
            for (const auto& property : *all) {
                if (!starts_with(property.first, name)) continue;
                const auto here = wanted.find(property.first), there = seen.find(property.first);
                if (here == wanted.end() || there == seen.end() || here->second != there->second) return text;
            }
        }
    }
    return "other properties";
}

struct Counts {
    int injected = 0, up = 0, reported = 0;
    std::map<std::string, int> wrong;
};

// The defect of a launch; empty without a defect.
std::string what_is_wrong(Start& start, const Properties& wanted) {
    const bool up = start.daemon() > 0;
    if (start.hung()) return "hangs, or leaves a process that never becomes the daemon";
    if (start.succeeded() && !up) return "success, and no daemon";
    if (start.succeeded() && start.properties() != wanted) {
        return "success, with " + in_words(wanted, start.properties());
    }
    if (!start.succeeded() && up) return "failure, with the daemon left";
    if (!start.succeeded() && !left_behind(start, wanted).empty()) return "failure, with a file left";
    return "";
}

void count(Start& start, const Fault& fault, const Properties& wanted, Counts& counts) {
    const std::string wrong = what_is_wrong(start, wanted);
    ++counts.injected;
    if (!wrong.empty()) {
        ++counts.wrong[wrong];
        std::cerr << "    " << fault.text() << ": " << wrong << std::endl;
    } else {
        ++(start.succeeded() ? counts.up : counts.reported);
    }
}

void try_all(const Program& program, const Errnos& errnos, const Properties& wanted, Counts& counts) {
    for (const TracedCall& call : trace_launch(program)) {
        const auto found = errnos.find(call.name);
        if (found == errnos.end()) continue;
        for (const std::string& error : found->second) {
            Start start(program);
            const Fault fault = {"error", error, call};
            start.run(fault);
            if (start.was_injected()) count(start, fault, wanted, counts);
        }
    }
}

int compare(const Program& program, const std::string& errnos) {
    Properties wanted;
    {
        Start start(program);
        start.run(Fault());
        if (start.status() != 0 || start.daemon() == 0)
            throw std::runtime_error("it fails without a failure: " + start.said());
        wanted = start.properties();
    }
    Counts counts;
    try_all(program, read_errnos(errnos), wanted, counts);
    int wrong = 0;
    std::string words;
    for (const auto& [what, count] : counts.wrong) {
        wrong += count;
        words += (words.empty() ? "" : "; ") + what + " (" + std::to_string(count) + ")";
    }
    std::cout << counts.injected << '\t' << counts.up << '\t' << counts.reported << '\t' << wrong << '\t' << words
              << '\n';
    return 0;
}

} // namespace

int main(int count, char** arguments) {
    if (count < 6) return 2;
    Program program = {{arguments + 5, arguments + count}, arguments[3], arguments[1], arguments[4]};
    try {
        return compare(program, arguments[2]);
    } catch (const std::exception& error) {
        std::cerr << arguments[5] << ": " << error.what() << '\n';
        return 1;
    }
}
