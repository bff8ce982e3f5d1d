// The fault that the seam injects, from the variable FAULT: "ROLE CALL OCCURRENCE WHAT". strace cannot inject these
// faults. A short read or write transfers one byte. A failing close closes the descriptor, as on Linux. FAULT=list
// sends each such call to the harness.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_SEAM_FAULT_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_SEAM_FAULT_HPP

#include "support/seam.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace faults {

constexpr int harness = 8; // a pipe to it
constexpr const char* roles[] = {"launcher", "intermediate", "daemon"};

// Makes the call, for one byte only. False where it is none that transfers bytes.
inline bool transfer_one(const seam::Call& call, seam::Answer& answer) {
    const int file = static_cast<int>(call.arguments[0]);
    void* const bytes = reinterpret_cast<void*>(call.arguments[1]);
    if (call.arguments[2] < 2) return false;
    if (call.is("read")) {
        answer.result = ::read(file, bytes, 1);
    } else if (call.is("write")) {
        answer.result = ::write(file, bytes, 1);
    } else if (call.is("recv")) {
        answer.result = ::recv(file, bytes, 1, static_cast<int>(call.arguments[3]));
    } else if (call.is("send")) {
        answer.result = ::send(file, bytes, 1, static_cast<int>(call.arguments[3]));
    } else if (call.is("pread")) {
        answer.result = ::pread(file, bytes, 1, call.arguments[3]);
    } else if (call.is("pwrite")) {
        answer.result = ::pwrite(file, bytes, 1, call.arguments[3]);
    } else {
        return false;
    }
    answer.error = answer.result < 0 ? errno : 0;
    return true;
}

inline void send_text(const std::string& line) {
    if (::write(harness, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

inline seam::Hook hook() {
    const char* asked = std::getenv("FAULT");
    if (asked == nullptr) return nullptr;
    if (std::string(asked) == "list") {
        return [](const seam::Call& call, seam::Answer&) {
            send_text(std::string(roles[call.process]) + "\t" + call.name + "\t" + std::to_string(call.count) + "\n");
            return false;
        };
    }
    char role[16] = "", name[32] = "", what[16] = "";
    int count = 0, error = 0;
    if (std::sscanf(asked, "%15s %31s %d %15s %d", role, name, &count, what, &error) < 4) std::abort();
    return [=](const seam::Call& call, seam::Answer& answer) {
        if (call.count != count || !call.is(name) || std::string(roles[call.process]) != role) return false;
        const bool made = error == 0 ? transfer_one(call, answer) : true;
        if (error != 0) {
            static_cast<void>(::close(static_cast<int>(call.arguments[0])));
            answer = {-1, error};
        }
        if (made) send_text("INJECTED " + std::string(asked) + "\n");
        return made;
    };
}

} // namespace faults

#endif
