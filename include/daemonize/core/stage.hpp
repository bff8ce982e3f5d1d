// Stage: each step of a launch, with the words that name it and the exit status that it ends the launcher with.
// Uses platform; everything else may use it.
#ifndef DAEMONIZE_CORE_STAGE_HPP
#define DAEMONIZE_CORE_STAGE_HPP

#include "platform.hpp"

namespace daemonize {

/// The steps at which a launch, or an operation on a running daemon, can fail.
enum class Stage {
    options,
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
    no_new_privileges,
    chdir,
    standard_input,
    standard_output,
    standard_error,
    signals,
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

struct StageFacts {
    Stage stage;
    const char* step; // reads on after "cannot "
    int exit_code;
};

// Where systemd.exec(5) has an exit status for the step, it is that one, so that `systemctl status` names the step;
// else the one of sysexits.h; timeout(1)'s and the shell's (128 + signal) for what they stand for everywhere.
inline constexpr StageFacts all_stages[] = {
    {Stage::options, "accept", 64},
    {Stage::threads, "fork", 70},
    {Stage::runtime_directory, "make the runtime directory", 233},
    {Stage::state_directory, "make the state directory", 238},
    {Stage::log_directory, "make the log directory", 240},
    {Stage::pid_file_open, "open the pid file", 73},
    {Stage::pid_file_lock, "lock the pid file", 75},
    {Stage::pid_file_write, "write the pid file", 74},
    {Stage::flush, "write out", 66},
    {Stage::channel, "make the channel between launcher and daemon", 76},
    {Stage::fork, "fork", 71},
    {Stage::setsid, "start a session", 220},
    {Stage::null_device, "use the null device", 72},
    {Stage::descriptors, "close the inherited descriptors", 202},
    {Stage::before_drop, "finish what runs before the privileges are dropped", 69},
    {Stage::limits, "set the resource limit", 205},
    {Stage::chroot, "change the root directory to", 210},
    {Stage::group, "take the group", 216},
    {Stage::user, "become the user", 217},
    {Stage::no_new_privileges, "give up new privileges", 227},
    {Stage::chdir, "change the directory to", 200},
    {Stage::standard_input, "open standard input from", 208},
    {Stage::standard_output, "open standard output to", 209},
    {Stage::standard_error, "open standard error to", 222},
    {Stage::signals, "reset the signals", 207},
    {Stage::readiness, "become ready", 1},
    {Stage::timeout, "become ready", 124},
    {Stage::interrupted, "become ready", 130},
    {Stage::body, "run", 1},
    {Stage::events, "take signals as events", 77},
    {Stage::notification, "notify the service manager", 68},
    {Stage::sockets, "use the socket", 67},
    {Stage::instance, "reach the daemon of", 79},
    {Stage::configuration, "use the configuration", 78},
    {Stage::dispatcher, "reach the service control manager for", 80},
    {Stage::service_manager, "open the service control manager", 81},
    {Stage::service_open, "open the service", 82},
    {Stage::service_install, "install the service", 83},
    {Stage::service_configure, "configure the service", 84},
    {Stage::service_uninstall, "uninstall the service", 85},
    {Stage::service_start, "start the service", 86},
    {Stage::service_stop, "stop the service", 87},
    {Stage::service_control, "send a control to the service", 88},
    {Stage::service_query, "query the service", 89},
    {Stage::service_wait, "wait for the service", 90},
    {Stage::event_log, "write to the log", 91},
};

constexpr const StageFacts& stage_facts(Stage stage) noexcept { return all_stages[static_cast<unsigned>(stage)]; }

// Each stands at its own place, and none is missing.
constexpr bool stages_are_in_order() noexcept {
    unsigned place = 0;
    for (const StageFacts& facts : all_stages) {
        if (static_cast<unsigned>(facts.stage) != place++) return false;
    }
    return place == static_cast<unsigned>(Stage::event_log) + 1;
}
static_assert(stages_are_in_order(), "all_stages has a row for each Stage, in its order");

} // namespace detail

/// The status that a launcher ends with when this step fails; each kind of failure has its own.
inline int exit_code(Stage stage) noexcept { return detail::stage_facts(stage).exit_code; }

} // namespace daemonize

#endif
