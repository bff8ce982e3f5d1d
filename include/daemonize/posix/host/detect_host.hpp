// detect_host() on POSIX: what started the program, by what only that host does.
// Uses host, inetd_socket and read_file; programs use it.
#ifndef DAEMONIZE_POSIX_HOST_DETECT_HOST_HPP
#define DAEMONIZE_POSIX_HOST_DETECT_HOST_HPP

#include "../../core/host.hpp"
#include "../../core/number.hpp"
#include "../sockets/inetd_socket.hpp"
#include "../system/files.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

namespace daemonize {
namespace detail {

inline std::string environment_value(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

#if DAEMONIZE_ON_LINUX()

// The name of the program that our parent runs; empty where that is hidden.
inline std::string parent_program() {
    std::string name = read_file(joined({"/proc/", DAEMONIZE_SYSTEM(getppid)(), "/comm"}));
    if (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
}

#else

inline std::string parent_program() { return {}; }

#endif

#if defined(__APPLE__)

// Terminals set the variable too, to 0, and a child of a job inherits it.
inline bool is_started_by_launchd(std::string& why) {
    const std::string name = environment_value("XPC_SERVICE_NAME");
    if (name.empty() || name == "0" || DAEMONIZE_SYSTEM(getppid)() != 1) return false;
    why = joined({"launchd is the parent, and XPC_SERVICE_NAME=", name});
    return true;
}

#else

inline bool is_started_by_launchd(std::string&) { return false; }

#endif

// INVOCATION_ID would not do: everything below a unit inherits it.
inline bool is_started_by_systemd(std::string& why) {
    if (!environment_value("NOTIFY_SOCKET").empty()) {
        why = "NOTIFY_SOCKET is set";
        return true;
    }
    const std::string pid = environment_value("SYSTEMD_EXEC_PID");
    if (parse_pid(pid.data(), pid.size()) != DAEMONIZE_SYSTEM(getpid)()) return false;
    why = "SYSTEMD_EXEC_PID names this process";
    return true;
}

// Standard input is our controlling terminal: to be asked of no other terminal, and of nothing else.
inline bool is_on_terminal() noexcept { return DAEMONIZE_SYSTEM(tcgetpgrp)(STDIN_FILENO) != -1; }

} // namespace detail

/// What started this program, and why we think so. DAEMONIZE_HOST in the environment, a HostKind's name, overrides it;
/// another word there makes the host unknown, and `why` says so. Never fails: what can't be seen is not counted. Ask
/// before a launch, which changes what is asked for. Not beside threads that change the environment.
inline Host detect_host() noexcept {
    const std::string chosen = detail::environment_value("DAEMONIZE_HOST");
    if (!chosen.empty()) return detail::chosen_host(chosen);
    std::string why;
    if (detail::is_started_by_systemd(why)) return {HostKind::systemd, why};
    if (detail::is_inetd_socket(STDIN_FILENO)) return {HostKind::inetd, "descriptor 0 is an internet socket"};
    if (detail::is_started_by_launchd(why)) return {HostKind::launchd, why};
    if (DAEMONIZE_SYSTEM(getpid)() == 1) return {HostKind::container_init, "it is process 1"};
    const std::string parent = detail::parent_program();
    if (parent == "s6-supervise" || parent == "runsv" || parent == "supervise") {
        return {HostKind::supervisor, detail::joined({"its parent is ", parent})};
    }
    if (detail::is_on_terminal()) return {HostKind::terminal, "standard input is its controlling terminal"};
    return {HostKind::unknown, "nothing tells what started it"};
}

} // namespace daemonize

#endif
