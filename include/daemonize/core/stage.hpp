// Stage: each step at which an operation can fail, with its text and its exit status (public).
#ifndef DAEMONIZE_CORE_STAGE_HPP
#define DAEMONIZE_CORE_STAGE_HPP

#include "config.hpp"

namespace daemonize {

/// The steps at which a launch, or an operation on a service, can fail.
enum class Stage {
    options,
    memory, ///< a launch or a Service ran out of memory, in the launcher or in another process of the launch
    threads,
    runtime_directory,
    state_directory,
    log_directory,
    pid_file_open,
    pid_file_lock,
    pid_file_write,
    flush,
    channel,
    fork,
    setsid,
    null_device,
    descriptors,
    before_drop,
    limits,
    chroot,
    group,
    user,
    capabilities,
    no_new_privileges,
    chdir,
    standard_input,
    standard_output,
    standard_error,
    signal_reset,
    readiness,
    timeout,
    interrupted,
    body,
    // of a running service
    events,
    notification,
    sockets,
    instance,
    configuration,
    // of Windows services
    dispatcher,
    service_manager,
    service_open,
    service_install,
    service_configure,
    service_uninstall,
    service_start,
    service_stop,
    service_control,
    service_query,
    service_wait,
    event_log
};

namespace detail {

struct StageInfo {
    Stage stage;
    const char* name;
    const char* step; // the continuation of "cannot "
    int exit_code;
};

// The exit status of a step is that of systemd.exec(5) if systemd.exec(5) has the step: `systemctl status` then names
// the step. Other steps have exit statuses of sysexits.h. timeout(1) has 124 and the shell has 130 (128 + SIGINT) for
// the same events.
inline constexpr StageInfo all_stages[] = {
    {Stage::options, "options", "accept", 64},
    {Stage::memory, "memory", "continue", 204},
    {Stage::threads, "threads", "fork", 70},
    {Stage::runtime_directory, "runtime_directory", "make the runtime directory", 233},
    {Stage::state_directory, "state_directory", "make the state directory", 238},
    {Stage::log_directory, "log_directory", "make the log directory", 240},
    {Stage::pid_file_open, "pid_file_open", "open the pid file", 73},
    {Stage::pid_file_lock, "pid_file_lock", "lock the pid file", 75},
    {Stage::pid_file_write, "pid_file_write", "write the pid file", 74},
    {Stage::flush, "flush", "write out", 66},
    {Stage::channel, "channel", "make the channel between launcher and daemon", 76},
    {Stage::fork, "fork", "fork", 71},
    {Stage::setsid, "setsid", "start a session", 220},
    {Stage::null_device, "null_device", "use the null device", 72},
    {Stage::descriptors, "descriptors", "close the inherited descriptors", 202},
    {Stage::before_drop, "before_drop", "finish what runs before the privileges are dropped", 69},
    {Stage::limits, "limits", "set the resource limit", 205},
    {Stage::chroot, "chroot", "change the root directory to", 210},
    {Stage::group, "group", "take the group", 216},
    {Stage::user, "user", "become the user", 217},
    {Stage::capabilities, "capabilities", "keep the capabilities", 218},
    {Stage::no_new_privileges, "no_new_privileges", "give up new privileges", 227},
    {Stage::chdir, "chdir", "change the directory to", 200},
    {Stage::standard_input, "standard_input", "open standard input from", 208},
    {Stage::standard_output, "standard_output", "open standard output to", 209},
    {Stage::standard_error, "standard_error", "open standard error to", 222},
    {Stage::signal_reset, "signal_reset", "reset the signals", 207},
    {Stage::readiness, "readiness", "become ready", 1},
    {Stage::timeout, "timeout", "become ready", 124},
    {Stage::interrupted, "interrupted", "become ready", 130},
    {Stage::body, "body", "run", 1},
    {Stage::events, "events", "take signals as events", 77},
    {Stage::notification, "notification", "notify the service manager", 68},
    {Stage::sockets, "sockets", "use the socket", 67},
    {Stage::instance, "instance", "reach the daemon of", 79},
    {Stage::configuration, "configuration", "use the configuration", 78},
    {Stage::dispatcher, "dispatcher", "reach the service control manager for", 80},
    {Stage::service_manager, "service_manager", "open the service control manager", 81},
    {Stage::service_open, "service_open", "open the service", 82},
    {Stage::service_install, "service_install", "install the service", 83},
    {Stage::service_configure, "service_configure", "configure the service", 84},
    {Stage::service_uninstall, "service_uninstall", "uninstall the service", 85},
    {Stage::service_start, "service_start", "start the service", 86},
    {Stage::service_stop, "service_stop", "stop the service", 87},
    {Stage::service_control, "service_control", "send a control to the service", 88},
    {Stage::service_query, "service_query", "query the service", 89},
    {Stage::service_wait, "service_wait", "wait for the service", 90},
    {Stage::event_log, "event_log", "write to the log", 91},
};

// An unknown value, from the record of a peer, is treated as Stage::body.
constexpr StageInfo stage_info(Stage stage) noexcept {
    for (const StageInfo& info : all_stages) {
        if (info.stage == stage) return info;
    }
    return {stage, "body", "run", 1};
}

} // namespace detail

/// The name of the enumerator, like "pid_file_lock".
inline const char* to_string(Stage stage) noexcept { return detail::stage_info(stage).name; }

/// The exit status of a launcher if this step fails. Each stage has a distinct status, except readiness and body, which
/// share 1.
inline int exit_code(Stage stage) noexcept { return detail::stage_info(stage).exit_code; }

} // namespace daemonize

#endif
