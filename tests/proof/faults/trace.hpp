// The system calls of a successful launch, by process, from the start of the program until readiness.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_TRACE_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_TRACE_HPP

#include "start.hpp"

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace faults {

inline std::string name_of(const std::string& line) {
    const std::size_t end = line.find('(');
    if (end == std::string::npos || line[0] < 'a' || line[0] > 'z') return "";
    return line.substr(0, end);
}

/// The calls in one process's file, behind the gate's mark. `child` is told which process it forked last.
inline std::vector<TracedCall> calls_in(const std::string& path, const std::string& role, const std::string& end,
                                        std::string& child) {
    std::vector<TracedCall> calls;
    std::map<std::string, int> counts;
    std::ifstream file(path);
    bool is_own = false;
    for (std::string line; std::getline(file, line);) {
        if (starts_with(line, "writev(-1,")) {
            is_own = true;
            continue;
        }
        if (line.find(end) != std::string::npos) break;
        const std::string name = name_of(line);
        if (!is_own || name.empty()) continue;
        if (starts_with(name, "clone") || name == "fork") child = line.substr(line.rfind(' ') + 1);
        TracedCall call;
        call.role = role;
        call.name = name;
        call.occurrence = ++counts[name];
        calls.push_back(call);
        if (name == "execve") break; // what another program does is its own
    }
    // The record goes to the launcher by the daemon's last send.
    bool after = false;
    for (std::size_t i = calls.size(); i-- > 0;) after = after || (role == "daemon" && calls[i].name == "sendto");
    if (!after) return calls;
    for (std::size_t i = calls.size(); i-- > 0;) {
        calls[i].after_readiness = true;
        if (calls[i].name == "sendto") break;
    }
    return calls;
}

/// All calls of a launch that goes well. Throws where it does not.
inline std::vector<TracedCall> trace_launch(const Program& program) {
    const std::string prefix = program.programs + "/traces/trace";
    std::string pid;
    {
        Start start(program);
        start.trace_prefix = prefix;
        start.run(Fault());
        if (start.status() != 0 || start.daemon() == 0)
            throw std::runtime_error("the launch fails without a fault: " + start.said());
        pid = std::to_string(start.launcher());
    }
    std::vector<TracedCall> all;
    for (const char* role : roles) {
        std::string child;
        if (pid.empty()) break;
        for (TracedCall& call : calls_in(prefix + "." + pid, role, program.end, child)) all.push_back(std::move(call));
        pid = child;
    }
    return all;
}

/// The same of the seam, for the calls that it alone can make fall short, or fail as they do.
inline std::vector<TracedCall> list_seam(const Program& program) {
    Start start(program);
    start.lists_seam = true;
    start.run(Fault());
    if (start.status() != 0 || start.daemon() == 0)
        throw std::runtime_error("the seam's launch fails: " + start.said());
    std::vector<TracedCall> all;
    std::istringstream lines(start.seam_said());
    for (TracedCall call; lines >> call.role >> call.name >> call.occurrence;) all.push_back(call);
    return all;
}

} // namespace faults

#endif
