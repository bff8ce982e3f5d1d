// A fault: the process, the call and the effect. A record has a fixed size, so that several workers can read from one
// list.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_FAULT_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_FAULT_HPP

#include <sstream>
#include <string>
#include <unistd.h>

namespace faults {

inline bool starts_with(const std::string& text, const std::string& beginning) {
    return text.compare(0, beginning.size(), beginning) == 0;
}

/// A launch's processes, by how many forks each is away from the one that was started.
constexpr const char* roles[] = {"launcher", "intermediate", "daemon"};

inline int depth_of(const std::string& role) { return role == "launcher" ? 0 : role == "intermediate" ? 1 : 2; }

/// A call that a good launch makes.
struct TracedCall {
    std::string role;
    std::string name;
    int occurrence = 0;           // of this name in this process, from 1 on
    bool after_readiness = false; // made once the daemon was ready, or while it told so
};

struct Fault {
    std::string kind; // error, signal, stop or delay by strace; short or close by the seam; none
    std::string value;
    TracedCall call;

    bool is_by_strace() const { return kind == "error" || kind == "signal" || kind == "stop" || kind == "delay"; }
    bool is_by_seam() const { return kind == "short" || kind == "close"; }

    std::string text() const {
        return call.role + " " + call.name + " " + std::to_string(call.occurrence) + " " + kind + " " + value;
    }
};

constexpr std::size_t record_size = 80;

inline std::string to_record(const Fault& fault) {
    std::string record = fault.text() + (fault.call.after_readiness ? " late" : " early");
    record.resize(record_size - 1, ' ');
    return record + "\n";
}

inline Fault parse_fault(const std::string& record) {
    Fault fault;
    std::string late;
    std::istringstream words(record);
    words >> fault.call.role >> fault.call.name >> fault.call.occurrence >> fault.kind >> fault.value >> late;
    fault.call.after_readiness = late == "late";
    return fault;
}

/// The next of the list on standard input, whose place all workers share. False at its end.
inline bool next_fault(Fault& fault) {
    char record[record_size];
    if (::read(STDIN_FILENO, record, record_size) != static_cast<ssize_t>(record_size)) return false;
    fault = parse_fault(std::string(record, record_size));
    return true;
}

} // namespace faults

#endif
