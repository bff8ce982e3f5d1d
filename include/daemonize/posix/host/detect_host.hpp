// detect_host() on POSIX: finds the program that started this program (public).
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

// The name of the program that the parent process runs; empty if /proc hides it.
inline std::string parent_program() {
    std::string name = read_file(joined({"/proc/", DAEMONIZE_SYSTEM(getppid)(), "/comm"}));
    if (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
}

#else

inline std::string parent_program() { return {}; }

#endif

#if defined(__APPLE__)

// A terminal sets XPC_SERVICE_NAME to 0, and a child of a job inherits the value.
inline bool is_started_by_launchd(std::string& why) {
    const std::string name = environment_value("XPC_SERVICE_NAME");
    if (name.empty() || name == "0" || DAEMONIZE_SYSTEM(getppid)() != 1) return false;
    why = joined({"launchd is the parent process, and XPC_SERVICE_NAME is ", name});
    return true;
}

#else

inline bool is_started_by_launchd(std::string&) { return false; }

#endif

// INVOCATION_ID proves nothing: every process below a unit inherits it.
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

// Whether standard input is the controlling terminal. tcgetpgrp(3) fails for any other terminal, and for other files.
inline bool is_on_terminal() noexcept { return DAEMONIZE_SYSTEM(tcgetpgrp)(STDIN_FILENO) != -1; }

inline Host find_host(Failure& failure) {
    const std::string chosen = environment_value("DAEMONIZE_HOST");
    if (!chosen.empty()) return host_of_variable(chosen, failure);
    std::string why;
    if (is_started_by_systemd(why)) return {HostKind::systemd, why};
    if (is_inetd_socket(STDIN_FILENO)) return {HostKind::inetd, "descriptor 0 is an internet socket"};
    if (is_started_by_launchd(why)) return {HostKind::launchd, why};
    if (DAEMONIZE_SYSTEM(getpid)() == 1) return {HostKind::container_init, "the program is process 1"};
    const std::string parent = parent_program();
    if (parent == "s6-supervise" || parent == "runsv" || parent == "supervise") {
        return {HostKind::supervisor, joined({"the parent process is ", parent})};
    }
    if (is_on_terminal()) return {HostKind::terminal, "standard input is the controlling terminal"};
    return {HostKind::unknown, "no host was detected"};
}

} // namespace detail

/// The host that started this program, and the observation that shows it. The environment variable DAEMONIZE_HOST, set
/// to the name of a HostKind, overrides the detection. Another value fails at Stage::configuration and gives
/// HostKind::unknown. The detection goes on without an observation that the system hides. Call it before a launch: a
/// launch changes the parent process and standard input. Not safe while another thread changes the environment.
[[nodiscard]] inline Host detect_host(Failure& failure) noexcept {
    failure = Failure();
    return detail::guard_memory(Stage::memory, failure, [&] { return detail::find_host(failure); });
}

#if DAEMONIZE_HAS_EXCEPTIONS()
/// As above; throws Error.
[[nodiscard]] inline Host detect_host() {
    Failure failure;
    Host host = detect_host(failure);
    detail::throw_if(failure);
    return host;
}
#endif

} // namespace daemonize

#endif
