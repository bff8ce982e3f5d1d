// Makes the list of faults, and runs one launch for each fault. run.sh calls this program.
//   driver list DIRECTORY [OPTION]           the calls of a successful launch, followed by the calls of the seam
//   driver plan CALLS ERRNOS SEED|all        the faults to inject, from that list and the errors of each call
//   driver work DIRECTORY STEPS [OPTION]     reads faults from standard input, and prints a line for each
#include "tables.hpp"
#include "trace.hpp"
#include "verdict.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>

using namespace faults;

namespace {

// A result is a line, whatever is in it.
std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < 32; }, '|');
    return text;
}

Program program_in(const std::string& folder, const char* name, const char* option) {
    Program program = {{folder + "/" + name}, "/run/every/pid", folder};
    if (option != nullptr) program.command.emplace_back(option);
    return program;
}

int list(const std::string& folder, const char* option) {
    for (const TracedCall& call : trace_launch(program_in(folder, "every_option", option))) {
        std::cout << "strace " << to_record({"none", "-", call});
    }
    for (const TracedCall& call : list_seam(program_in(folder, "every_option_by_seam", option))) {
        std::cout << "seam " << to_record({"none", "-", call});
    }
    return 0;
}

// The errors of a call, EINTR too where its page says nothing of that. A call that the table lacks is the table's
// fault.
std::vector<std::string> errors_of(const Errnos& errnos, const TracedCall& call) {
    const auto found = errnos.find(call.name);
    if (found == errnos.end()) throw std::runtime_error("no errors are listed for the call " + call.name);
    std::vector<std::string> all = found->second;
    const bool has_it = std::find(all.begin(), all.end(), "EINTR") != all.end();
    if (!all.empty() && !has_it) all.emplace_back("EINTR");
    return all;
}

// A thing at random, the same for the same seed.
std::size_t draw(unsigned& state, std::size_t count) {
    state = state * 1103515245u + 12345u;
    return (state >> 16) % count;
}

bool transfers(const std::string& name) {
    static const std::set<std::string> names = {"read", "write", "recv", "send", "pread", "pwrite"};
    return names.count(name) != 0;
}

// Errors of close are numbers to the seam.
const std::vector<std::pair<const char*, int>> close_errors = {
    {"EBADF", EBADF}, {"EINTR", EINTR}, {"EIO", EIO}, {"ENOSPC", ENOSPC}};

void plan_everything(const std::vector<TracedCall>& traced, const std::vector<TracedCall>& seam, const Errnos& errnos) {
    // The faults with a sleep come first, so that all workers are busy up to the end of the list.
    for (const TracedCall& call : traced) {
        if (call.name == "exit_group") continue;
        std::cout << to_record({"stop", "STOP", call}) << to_record({"delay", "1s", call});
    }
    for (const TracedCall& call : traced) {
        for (const char* signal : {"KILL", "TERM", "HUP", "INT"}) std::cout << to_record({"signal", signal, call});
        if (call.name == "close") continue;
        for (const std::string& error : errors_of(errnos, call)) std::cout << to_record({"error", error, call});
    }
    for (const TracedCall& call : seam) {
        if (transfers(call.name)) std::cout << to_record({"short", "-", call});
        if (call.name != "close") continue;
        for (const auto& error : close_errors) std::cout << to_record({"close", std::to_string(error.second), call});
    }
}

void plan_short(const std::vector<TracedCall>& traced, const std::vector<TracedCall>& seam, const Errnos& errnos,
                unsigned seed) {
    const char* const signals[] = {"KILL", "TERM", "HUP", "INT"};
    for (const TracedCall& call : traced) {
        std::cout << to_record({"signal", signals[draw(seed, 4)], call});
        const std::vector<std::string> errors = errors_of(errnos, call);
        if (call.name != "close" && !errors.empty())
            std::cout << to_record({"error", errors[draw(seed, errors.size())], call});
    }
    for (const TracedCall& call : seam) {
        if (transfers(call.name)) std::cout << to_record({"short", "-", call});
        if (call.name == "close")
            std::cout << to_record({"close", std::to_string(close_errors[draw(seed, 4)].second), call});
    }
}

int plan(const std::string& calls, const std::string& errnos_path, const std::string& seed) {
    std::vector<TracedCall> traced, seam;
    std::ifstream file(calls);
    for (std::string line; std::getline(file, line);) {
        const std::size_t space = line.find(' ');
        (line.substr(0, space) == "strace" ? traced : seam).push_back(parse_fault(line.substr(space + 1)).call);
    }
    const Errnos errnos = read_errnos(errnos_path);
    if (seed == "all") {
        plan_everything(traced, seam, errnos);
    } else {
        plan_short(traced, seam, errnos, static_cast<unsigned>(std::strtoul(seed.c_str(), nullptr, 10)));
    }
    return traced.empty() || seam.empty() ? 1 : 0;
}

Properties good_daemon(const Program& program) {
    Start start(program);
    start.run(Fault());
    if (start.status() != 0 || start.daemon() == 0)
        throw std::runtime_error("the launch fails without a fault: " + start.said());
    return start.properties();
}

Verdict try_fault(const Program& program, const Fault& fault, const Properties& wanted, const Steps& steps) {
    Verdict verdict;
    {
        Start start(program);
        start.run(fault);
        verdict = judge(start, fault, wanted, steps);
    }
    if (verdict.outcome != "killed" || !verdict.wrong.empty()) return verdict;
    // The files that a kill leaves must not refuse the next start. The log is removed, because the next start would
    // append to it.
    std::remove("/srv/jail/var/log/every/out");
    Start next(program, false);
    next.run(Fault());
    const std::string differs = next.daemon() > 0 ? difference(wanted, next.properties()) : "it fails: " + next.said();
    if (!next.succeeded() || !differs.empty()) verdict.wrong = "the next start: " + differs;
    return verdict;
}

int work(const std::string& folder, const std::string& steps_path, const char* option) {
    const Steps steps(steps_path);
    const Program plain = program_in(folder, "every_option", option);
    const Program by_seam = program_in(folder, "every_option_by_seam", option);
    const Properties wanted = good_daemon(plain);
    const Properties wanted_by_seam = good_daemon(by_seam);
    Fault fault;
    while (next_fault(fault)) {
        const bool uses_seam = fault.is_by_seam();
        const Verdict verdict =
            try_fault(uses_seam ? by_seam : plain, fault, uses_seam ? wanted_by_seam : wanted, steps);
        std::string line = (verdict.wrong.empty() ? "" : "WRONG ") + verdict.outcome + " " + fault.text();
        if (!verdict.wrong.empty()) line += ": " + one_line(verdict.wrong);
        std::cout << line + "\n" << std::flush;
    }
    return 0;
}

} // namespace

int main(int count, char** arguments) {
    try {
        const std::string what = count > 1 ? arguments[1] : "";
        const auto option = [&](int number) { return count > number ? arguments[number] : nullptr; };
        if (what == "list" && count >= 3) return list(arguments[2], option(3));
        if (what == "plan" && count == 5) return plan(arguments[2], arguments[3], arguments[4]);
        if (what == "work" && count >= 4) return work(arguments[2], arguments[3], option(4));
    } catch (const std::exception& error) {
        std::cerr << "driver: " << error.what() << '\n';
        return 1;
    }
    std::cerr << "usage: driver list|plan|work ...\n";
    return 2;
}
