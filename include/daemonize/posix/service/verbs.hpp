// ServiceVerbs: the verbs of a service program on POSIX (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_VERBS_HPP
#define DAEMONIZE_POSIX_SERVICE_VERBS_HPP

#include "../../service/lsb_status.hpp"
#include "../../service/status_report.hpp"
#include "../../service/verbs.hpp"
#include "../pid_file/instance.hpp"
#include "install.hpp"
#include "run_body.hpp"
#include "systemctl.hpp"

#include <cstdio>
#include <string>
#include <utility>

namespace daemonize {
namespace detail {

class ServiceVerbs {
  public:
    ServiceVerbs(ServiceTask& task, std::string program)
        : task_(task), program_(std::move(program)), pid_file_(pid_file_of(task)), instance_(Instance::at(pid_file_)) {}

    // Runs a verb, and returns the exit status. Verb::run and Verb::none belong to run_service_program().
    int perform(const VerbLine& line) {
        if (line.verb == Verb::help)
            return show(help_text(program_, task_.settings.full_name(), task_.settings.description));
        if (line.verb == Verb::install) return end(install_service(definition()));
        if (line.verb == Verb::uninstall) return uninstall();
        if (pid_file_.empty()) {
            const int code = no_pid_file();
            return line.verb == Verb::status ? lsb::status_unknown : code;
        }
        if (line.verb == Verb::status) return status(line.json);
        return manage(line.verb);
    }

    // Starts the service in the background. Succeeds if the service runs already.
    int start() {
        if (pid_file_.empty()) return no_pid_file();
        Failure failure;
        Instance::Info now = instance_.status(failure);
        if (failure) return end(failure);
        if (now.state == Instance::State::running) return already_running(now);
        Host host;
        host.why = "the verb start runs it";
        const Duration until = monotonic_now() + task_.options.timeout;
        RunOutcome outcome = run_service(task_, std::move(host), true, [&](const Launch& launch) {
            return is_held_by_other(launch.failure()) && !is_started_by_other(now, until) && monotonic_now() < until;
        });
        if (!outcome.is_launcher) return outcome.code;
        if (outcome.launch.ok()) {
            return report("running", outcome.launch.pid());
        }
        if (now.state == Instance::State::running) return already_running(now);
        print_launch(task_, outcome.launch);
        return lsb_code(outcome.launch.failure());
    }

  private:
    int end(const Failure& failure) const {
        if (failure) say(task_, failure);
        return lsb_code(failure);
    }

    // Without a pid file no verb could find or stop the daemon.
    int no_pid_file() const {
        return end(posix_failure(Stage::pid_file_open, ENOENT, "",
                                 "this user has no runtime directory: XDG_RUNTIME_DIR is not set"));
    }

    // Prints the result of a verb that changed something. A failed write does not change the result. Allocates nothing:
    // the daemon of a start may run while memory is short.
    int report(const char* text, pid_t pid = 0) const noexcept {
        static_cast<void>(std::fflush(stdout)); // writes the application's output first
        const ServiceSettings& own = task_.settings;
        const char* const at = own.instance.empty() ? "" : "@";
        if (pid == 0) {
            write_line(STDOUT_FILENO, {own.name, at, own.instance, ": ", text});
        } else {
            write_line(STDOUT_FILENO, {own.name, at, own.instance, ": ", text, ", pid ", pid});
        }
        return lsb::success;
    }

    // Prints the output of a verb that only prints. A failed write is a failed verb.
    int show(const std::string& text) const {
        static_cast<void>(std::fflush(stdout));
        const int error = write_text(STDOUT_FILENO, text);
        if (error == 0) return lsb::success;
        say(task_, joined({"cannot write to standard output: ", posix_error(error).message()}));
        return lsb::failed;
    }

    // EBUSY: another process holds the lock. Any other error of the lock is permanent.
    static bool is_held_by_other(const Failure& failure) noexcept {
        return failure.stage() == Stage::pid_file_lock && failure.code() == posix_error(EBUSY);
    }

    // Waits for another start that took the lock first. True if the service of that start runs. If that start fails, or
    // another process stops the service, the lock is free again, and this start may try again.
    bool is_started_by_other(Instance::Info& now, Duration until) const {
        Failure failure;
        do {
            now = instance_.status(failure);
            if (failure || now.state != Instance::State::starting) return now.state == Instance::State::running;
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 10)); // EINTR only shortens the wait
        } while (monotonic_now() < until);
        return false;
    }

    int already_running(const Instance::Info& now) const { return report("already running", now.pid); }

    // Runs start, stop, restart and reload. If the verb install wrote a unit of systemd, systemctl(1) does the work:
    // systemd would not supervise a daemon that this process starts. A process that systemd started does not call
    // systemctl(1).
    int manage(Verb verb) {
        const bool needs_check = verb == Verb::restart || verb == Verb::reload;
        const ServiceDefinition own = definition();
        Failure failure;
        const Host host = detect_host(failure);
        if (failure && (verb == Verb::start || verb == Verb::restart)) return end(failure);
        failure = Failure(); // stop and reload do not depend on DAEMONIZE_HOST
        const bool delegates = is_unit_installed(own) && host.kind != HostKind::systemd;
        // systemd starts the service with the arguments of the unit, and not with the arguments of this verb.
        if (needs_check && delegates) failure = task_.settings.check_configuration(installed_arguments(own));
        if (needs_check && !failure) failure = task_.settings.check_configuration(task_.arguments);
        if (failure) return end(failure);
        if (delegates) return end(systemctl(own, verb_name(verb)));
        if (verb == Verb::start) return start();
        if (verb == Verb::reload) return reload();
        const int stopped = stop();
        return verb == Verb::restart && stopped == lsb::success ? start() : stopped;
    }

    int reload() const {
        Failure failure;
        static_cast<void>(instance_.reload(failure));
        return end(failure);
    }

    int stop() const {
        Failure failure;
        const auto say_killed = [this](pid_t pid) {
            say(task_, joined({"process ", pid, " did not stop in time, and is killed"}));
            return true;
        };
        const StopResult result = stop_daemon(pid_file_, task_.settings.stop_timeout, say_killed, failure);
        if (result == StopResult::failed) return end(failure);
        return report(result == StopResult::stopped ? "stopped" : "not running");
    }

    int uninstall() {
        Failure failure = uninstall_service(definition());
        return end(failure);
    }

    ServiceDefinition definition() const {
        ServiceDefinition result;
        result.name = task_.settings.full_name();
        result.description = task_.settings.description;
        result.program = program_;
        result.pid_file = pid_file_;
        result.arguments = task_.arguments;
        return result;
    }

    int status(bool json) const {
        Failure failure;
        const Instance::Info now = instance_.status(failure);
        if (failure) {
            say(task_, failure);
            return lsb::status_unknown;
        }
        const int shown = show(json ? status_json(report_of(now)) : status_text(report_of(now)));
        if (shown != lsb::success) return lsb::status_unknown;
        if (now.state == Instance::State::running || now.state == Instance::State::starting) return lsb::success;
        return now.state == Instance::State::dead ? lsb::status_dead : lsb::status_not_running;
    }

    static const char* state_text(Instance::State state) noexcept {
        switch (state) {
        case Instance::State::not_running: break;
        case Instance::State::dead: return "dead";
        case Instance::State::starting: return "starting";
        case Instance::State::running: return "running";
        }
        return "not running";
    }

    StatusReport report_of(const Instance::Info& now) const {
        StatusReport report;
        report.name = task_.settings.full_name();
        report.state = state_text(now.state);
        if (now.state == Instance::State::dead) report.remark = ", with a stale pid file";
        report.pid = now.pid;
        report.since = now.since;
        report.memory = now.memory;
        report.pid_file = pid_file_;
        return report;
    }

    ServiceTask& task_;
    std::string program_;
    std::string pid_file_;
    Instance instance_;
};

} // namespace detail
} // namespace daemonize

#endif
