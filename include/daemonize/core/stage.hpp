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
    const char* step; // reads on after "cannot "
    int exit_code;
};

// Where systemd.exec(5) has an exit status for the step, it is that one, so that `systemctl status` names the step;
// else the one of sysexits.h; timeout(1)'s and the shell's (128 + signal) for what they stand for everywhere.
DAEMONIZE_COLD inline StageFacts stage_facts(Stage stage) noexcept {
    switch (stage) {
    case Stage::options: return {"accept", 64};
    case Stage::threads: return {"fork", 70};
    case Stage::runtime_directory: return {"make the runtime directory", 233};
    case Stage::state_directory: return {"make the state directory", 238};
    case Stage::log_directory: return {"make the log directory", 240};
    case Stage::pid_file_open: return {"open the pid file", 73};
    case Stage::pid_file_lock: return {"lock the pid file", 75};
    case Stage::pid_file_write: return {"write the pid file", 74};
    case Stage::flush: return {"write out", 66};
    case Stage::channel: return {"make the channel between launcher and daemon", 76};
    case Stage::fork: return {"fork", 71};
    case Stage::setsid: return {"start a session", 220};
    case Stage::null_device: return {"use the null device", 72};
    case Stage::descriptors: return {"close the inherited descriptors", 202};
    case Stage::before_drop: return {"finish what runs before the privileges are dropped", 69};
    case Stage::limits: return {"set the resource limit", 205};
    case Stage::chroot: return {"change the root directory to", 210};
    case Stage::group: return {"take the group", 216};
    case Stage::user: return {"become the user", 217};
    case Stage::no_new_privileges: return {"give up new privileges", 227};
    case Stage::chdir: return {"change the directory to", 200};
    case Stage::standard_input: return {"open standard input from", 208};
    case Stage::standard_output: return {"open standard output to", 209};
    case Stage::standard_error: return {"open standard error to", 222};
    case Stage::signals: return {"reset the signals", 207};
    case Stage::readiness: return {"become ready", 1};
    case Stage::timeout: return {"become ready", 124};
    case Stage::interrupted: return {"become ready", 130};
    case Stage::body: return {"run", 1};
    case Stage::events: return {"take signals as events", 77};
    case Stage::notification: return {"notify the service manager", 68};
    case Stage::sockets: return {"use the socket", 67};
    case Stage::instance: return {"reach the daemon of", 79};
    case Stage::configuration: return {"use the configuration", 78};
    case Stage::dispatcher: return {"reach the service control manager for", 80};
    case Stage::service_manager: return {"open the service control manager", 81};
    case Stage::service_open: return {"open the service", 82};
    case Stage::service_install: return {"install the service", 83};
    case Stage::service_configure: return {"configure the service", 84};
    case Stage::service_uninstall: return {"uninstall the service", 85};
    case Stage::service_start: return {"start the service", 86};
    case Stage::service_stop: return {"stop the service", 87};
    case Stage::service_control: return {"send a control to the service", 88};
    case Stage::service_query: return {"query the service", 89};
    case Stage::service_wait: return {"wait for the service", 90};
    case Stage::event_log: return {"write to the log", 91};
    }
    return {"run", 1};
}

} // namespace detail

/// The status that a launcher ends with when this step fails; each kind of failure has its own.
inline int exit_code(Stage stage) noexcept { return detail::stage_facts(stage).exit_code; }

} // namespace daemonize

#endif
