// What a service program does for its verbs on POSIX, with the exit statuses of init scripts.
// Uses Instance, service_run and service_install; Service uses it.
#ifndef DAEMONIZE_POSIX_SERVICE_VERBS_HPP
#define DAEMONIZE_POSIX_SERVICE_VERBS_HPP

#include "../../service/status_report.hpp"
#include "../pid_file/instance.hpp"
#include "install.hpp"
#include "run.hpp"

#include <cstdio>
#include <ctime>
#include <string>

namespace daemonize {
namespace detail {

class ServiceVerbs {
  public:
    ServiceVerbs(ServiceTask& task, std::string program)
        : task_(task), program_(std::move(program)), pid_file_(pid_file_of(task)), instance_(Instance::at(pid_file_)) {}

    // What main() is to return. `run`, and no verb at all, are the host's to decide.
    int perform(const VerbLine& line) {
        if (line.verb == Verb::help)
            return show(help_text(program_, task_.settings.full_name(), task_.settings.description));
        if (line.verb == Verb::install) return end(install_service(unit()));
        if (line.verb == Verb::uninstall) return uninstall();
        if (pid_file_.empty()) {
            const int code = no_place();
            return line.verb == Verb::status ? lsb::status_unknown : code;
        }
        if (line.verb == Verb::status) return status(line.json);
        return manage(line.verb);
    }

    // Starts the service in the background. What runs already has been started.
    int start() {
        if (pid_file_.empty()) return no_place();
        Failure failure;
        Instance::Info now = instance_.status(failure);
        if (failure) return end(failure);
        if (now.state == Instance::State::running) return runs_already(now);
        Host host;
        host.why = "it was started by its verb";
        const Duration until = monotonic_now() + task_.options.timeout;
        RunOutcome outcome = run_service(task_, std::move(host), true, [&](const Launch& launch) {
            return is_held_by_other(launch.failure()) && !is_started_by_other(now, until) && monotonic_now() < until;
        });
        if (!outcome.is_launcher) return outcome.code;
        if (outcome.launch.ok()) {
            return tell(joined({"running, pid ", outcome.launch.pid()}));
        }
        if (now.state == Instance::State::running) return runs_already(now);
        print_launch(task_, outcome.launch);
        return lsb_code(outcome.launch.failure());
    }

  private:
    int end(const Failure& failure) const {
        if (failure) say(task_, failure);
        return lsb_code(failure);
    }

    // A daemon without a pid file could be neither found nor stopped.
    int no_place() const {
        return end(posix_failure(Stage::pid_file_open, ENOENT, "",
                                 "this user has no place for one: XDG_RUNTIME_DIR is not set"));
    }

    // What was done, which it is also where nobody can read of it.
    int tell(const std::string& text) const {
        static_cast<void>(std::fflush(stdout)); // what the application printed comes first
        static_cast<void>(write_text(STDOUT_FILENO, joined({task_.settings.full_name(), ": ", text, "\n"})));
        return lsb::success;
    }

    // What was asked for, and is nothing where it cannot be read.
    int show(const std::string& text) const {
        static_cast<void>(std::fflush(stdout));
        const int error = write_text(STDOUT_FILENO, text);
        if (error == 0) return lsb::success;
        say(task_, joined({"cannot write to standard output: ", posix_error(error).message()}));
        return lsb::failed;
    }

    // Not where locking itself failed, which would fail again.
    static bool is_held_by_other(const Failure& failure) noexcept {
        return failure.stage() == Stage::pid_file_lock && failure.code() == posix_error(EBUSY);
    }

    // Whether a start at the same moment, which was quicker, comes to its end well. One that comes to nothing, by a stop
    // beside it, leaves the place to us: then it is for us to try again.
    bool is_started_by_other(Instance::Info& now, Duration until) const {
        Failure failure;
        do {
            now = instance_.status(failure);
            if (failure || now.state != Instance::State::starting) return now.state == Instance::State::running;
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 10)); // to be cut short does no harm
        } while (monotonic_now() < until);
        return false;
    }

    int runs_already(const Instance::Info& now) const { return tell(joined({"it runs already, pid ", now.pid})); }

    // start, stop, restart, reload. A service that `install` gave to systemd is systemd's to start and stop: behind its back
    // it would not be watched. Not where it is systemd that runs us.
    int manage(Verb verb) {
        const bool needs_check = verb == Verb::restart || verb == Verb::reload;
        const ServiceUnit own = unit();
        const bool delegates = is_systemds(own) && detect_host().kind != HostKind::systemd;
        Failure failure;
        // systemd starts it with the unit's arguments, whatever this verb was given.
        if (needs_check && delegates) failure = task_.settings.check_configuration(installed_arguments(own));
        if (needs_check && !failure) failure = task_.settings.check_configuration(task_.arguments);
        if (failure) return end(failure);
        if (delegates) return end(systemctl(own, verb_name(verb)));
        if (verb == Verb::start) return start();
        if (verb == Verb::reload) return reload();
        const int stopped = stop();
        return verb == Verb::restart && stopped == lsb::success ? start() : stopped;
    }

    static const char* verb_name(Verb verb) noexcept {
        for (const VerbText& text : verb_texts) {
            if (text.verb == verb) return text.name;
        }
        return "";
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
        return tell(result == StopResult::stopped ? "stopped" : "it did not run");
    }

    int uninstall() {
        Failure failure = uninstall_service(unit());
        return end(failure);
    }

    ServiceUnit unit() const {
        ServiceUnit result;
        result.name = task_.settings.full_name();
        result.description = task_.settings.description;
        result.program = program_;
        result.pid_file = pid_file_;
        for (const std::string& argument : task_.arguments) result.arguments.push_back(argument);
        return result;
    }

    int status(bool json) const {
        Failure failure;
        const Instance::Info now = instance_.status(failure);
        if (failure) {
            say(task_, failure);
            return lsb::status_unknown;
        }
        const int shown = show(json ? json_status(text_of(now)) : people_status(text_of(now)));
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

    StatusText text_of(const Instance::Info& now) const {
        StatusText text;
        text.name = task_.settings.full_name();
        text.state = state_text(now.state);
        if (now.state == Instance::State::dead) text.remark = ", and it left its pid file";
        text.pid = now.pid;
        text.since = now.since;
        text.since_text = time_text(now.since);
        text.memory = now.memory;
        text.pid_file = pid_file_;
        return text;
    }

    static std::string time_text(std::int64_t seconds) {
        const auto time = static_cast<std::time_t>(seconds);
        struct tm parts = {};
        char text[32];
        if (localtime_r(&time, &parts) == nullptr) return joined({seconds});
        return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
    }

    ServiceTask& task_;
    std::string program_;
    std::string pid_file_;
    Instance instance_;
};

} // namespace detail
} // namespace daemonize

#endif
