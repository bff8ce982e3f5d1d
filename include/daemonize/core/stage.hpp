// Stage: each step of a launch, with the words that name it and the exit status that it ends the launcher with.
// Uses platform; everything else may use it.
#ifndef DAEMONIZE_CORE_STAGE_HPP
#define DAEMONIZE_CORE_STAGE_HPP

#include "config.hpp"

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
    const char* step; // reads on after "cannot "
    Stage stage;
    int exit_code;
};

// Where systemd.exec(5) has an exit status for the step, it is that one, so that `systemctl status` names the step;
// else the one of sysexits.h; timeout(1)'s and the shell's (128 + signal) for what they stand for everywhere.
inline constexpr StageInfo all_stages[] = {
    {"accept", Stage::options, 64},
    {"fork", Stage::threads, 70},
    {"make the runtime directory", Stage::runtime_directory, 233},
    {"make the state directory", Stage::state_directory, 238},
    {"make the log directory", Stage::log_directory, 240},
    {"open the pid file", Stage::pid_file_open, 73},
    {"lock the pid file", Stage::pid_file_lock, 75},
    {"write the pid file", Stage::pid_file_write, 74},
    {"write out", Stage::flush, 66},
    {"make the channel between launcher and daemon", Stage::channel, 76},
    {"fork", Stage::fork, 71},
    {"start a session", Stage::setsid, 220},
    {"use the null device", Stage::null_device, 72},
    {"close the inherited descriptors", Stage::descriptors, 202},
    {"finish what runs before the privileges are dropped", Stage::before_drop, 69},
    {"set the resource limit", Stage::limits, 205},
    {"change the root directory to", Stage::chroot, 210},
    {"take the group", Stage::group, 216},
    {"become the user", Stage::user, 217},
    {"give up new privileges", Stage::no_new_privileges, 227},
    {"change the directory to", Stage::chdir, 200},
    {"open standard input from", Stage::standard_input, 208},
    {"open standard output to", Stage::standard_output, 209},
    {"open standard error to", Stage::standard_error, 222},
    {"reset the signals", Stage::signal_reset, 207},
    {"become ready", Stage::readiness, 1},
    {"become ready", Stage::timeout, 124},
    {"become ready", Stage::interrupted, 130},
    {"run", Stage::body, 1},
    {"take signals as events", Stage::events, 77},
    {"notify the service manager", Stage::notification, 68},
    {"use the socket", Stage::sockets, 67},
    {"reach the daemon of", Stage::instance, 79},
    {"use the configuration", Stage::configuration, 78},
    {"reach the service control manager for", Stage::dispatcher, 80},
    {"open the service control manager", Stage::service_manager, 81},
    {"open the service", Stage::service_open, 82},
    {"install the service", Stage::service_install, 83},
    {"configure the service", Stage::service_configure, 84},
    {"uninstall the service", Stage::service_uninstall, 85},
    {"start the service", Stage::service_start, 86},
    {"stop the service", Stage::service_stop, 87},
    {"send a control to the service", Stage::service_control, 88},
    {"query the service", Stage::service_query, 89},
    {"wait for the service", Stage::service_wait, 90},
    {"write to the log", Stage::event_log, 91},
};

// What a number stands for that is none of them is a run, as of a body.
constexpr StageInfo stage_info(Stage stage) noexcept {
    for (const StageInfo& facts : all_stages) {
        if (facts.stage == stage) return facts;
    }
    return {"run", stage, 1};
}

} // namespace detail

/// The status that a launcher ends with when this step fails; each kind of failure has its own.
inline int exit_code(Stage stage) noexcept { return detail::stage_info(stage).exit_code; }

} // namespace daemonize

#endif
