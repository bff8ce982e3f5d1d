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
    int exit_code;
    const char* name;
    const char* step; // the continuation of "cannot "
};

// The exit status of a step is that of systemd.exec(5) if systemd.exec(5) has the step: `systemctl status` then names
// the step. Other steps have exit statuses of sysexits.h. timeout(1) has 124 and the shell has 130 (128 + SIGINT) for
// the same events.
inline constexpr StageInfo all_stages[] = {
    {Stage::options, 64, "options", "accept"},
    {Stage::memory, 204, "memory", "continue"},
    {Stage::threads, 70, "threads", "fork"},
    {Stage::runtime_directory, 233, "runtime_directory", "make the runtime directory"},
    {Stage::state_directory, 238, "state_directory", "make the state directory"},
    {Stage::log_directory, 240, "log_directory", "make the log directory"},
    {Stage::pid_file_open, 73, "pid_file_open", "open the pid file"},
    {Stage::pid_file_lock, 75, "pid_file_lock", "lock the pid file"},
    {Stage::pid_file_write, 74, "pid_file_write", "write the pid file"},
    {Stage::flush, 66, "flush", "write out"},
    {Stage::channel, 76, "channel", "make the channel between launcher and daemon"},
    {Stage::fork, 71, "fork", "fork"},
    {Stage::setsid, 220, "setsid", "start a session"},
    {Stage::null_device, 72, "null_device", "use the null device"},
    {Stage::descriptors, 202, "descriptors", "close the inherited descriptors"},
    {Stage::before_drop, 69, "before_drop", "finish what runs before the privileges are dropped"},
    {Stage::limits, 205, "limits", "set the resource limit"},
    {Stage::chroot, 210, "chroot", "change the root directory to"},
    {Stage::group, 216, "group", "take the group"},
    {Stage::user, 217, "user", "become the user"},
    {Stage::capabilities, 218, "capabilities", "keep the capabilities"},
    {Stage::no_new_privileges, 227, "no_new_privileges", "give up new privileges"},
    {Stage::chdir, 200, "chdir", "change the directory to"},
    {Stage::standard_input, 208, "standard_input", "open standard input from"},
    {Stage::standard_output, 209, "standard_output", "open standard output to"},
    {Stage::standard_error, 222, "standard_error", "open standard error to"},
    {Stage::signal_reset, 207, "signal_reset", "reset the signals"},
    {Stage::readiness, 1, "readiness", "become ready"},
    {Stage::timeout, 124, "timeout", "become ready"},
    {Stage::interrupted, 130, "interrupted", "become ready"},
    {Stage::body, 1, "body", "run"},
    {Stage::events, 77, "events", "take signals as events"},
    {Stage::notification, 68, "notification", "notify the service manager"},
    {Stage::sockets, 67, "sockets", "use the socket"},
    {Stage::instance, 79, "instance", "reach the daemon of"},
    {Stage::configuration, 78, "configuration", "use the configuration"},
    {Stage::dispatcher, 80, "dispatcher", "reach the service control manager for"},
    {Stage::service_manager, 81, "service_manager", "open the service control manager"},
    {Stage::service_open, 82, "service_open", "open the service"},
    {Stage::service_install, 83, "service_install", "install the service"},
    {Stage::service_configure, 84, "service_configure", "configure the service"},
    {Stage::service_uninstall, 85, "service_uninstall", "uninstall the service"},
    {Stage::service_start, 86, "service_start", "start the service"},
    {Stage::service_stop, 87, "service_stop", "stop the service"},
    {Stage::service_control, 88, "service_control", "send a control to the service"},
    {Stage::service_query, 89, "service_query", "query the service"},
    {Stage::service_wait, 90, "service_wait", "wait for the service"},
    {Stage::event_log, 91, "event_log", "write to the log"},
};

// An unknown value, from the record of a peer, is treated as Stage::body.
constexpr StageInfo stage_info(Stage stage) noexcept {
    for (const StageInfo& info : all_stages) {
        if (info.stage == stage) return info;
    }
    return {stage, 1, "body", "run"};
}

} // namespace detail

/// The name of the enumerator, like "pid_file_lock".
inline const char* to_string(Stage stage) noexcept { return detail::stage_info(stage).name; }

/// The exit status of a launcher if this step fails. Each stage has a distinct status, except readiness and body, which
/// share 1.
inline int exit_code(Stage stage) noexcept { return detail::stage_info(stage).exit_code; }

} // namespace daemonize

#endif
