// What a service program does for its verbs on POSIX, with the exit statuses of init scripts.
// Uses Instance, service_run and service_install; Service uses it.
#ifndef DAEMONIZE_POSIX_SERVICE_VERBS_HPP
#define DAEMONIZE_POSIX_SERVICE_VERBS_HPP

#include "../core/verb.hpp"
#include "instance.hpp"
#include "service_install.hpp"
#include "service_run.hpp"

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
            return print(help_text(program_, task_.settings.full_name(), task_.settings.description));
        if (line.verb == Verb::install) return end(install_service(unit()));
        if (line.verb == Verb::uninstall) return uninstall();
        if (pid_file_.empty()) {
            return end(Failure(Stage::pid_file_open, posix_error(ENOENT), "",
                               "this user has no place for one: XDG_RUNTIME_DIR is not set"));
        }
        if (line.verb == Verb::status) return status(line.json);
        return manage(line.verb);
    }

    // Starts the service in the background. What runs already has been started.
    int start() {
        Failure failure;
        Instance::Status now = instance_.status(failure);
        if (failure) return end(failure);
        if (now.state == Instance::State::running) return runs_already(now);
        if (pid_file_.empty()) return manage(Verb::start);
        Host host;
        host.why = "it was started by its verb";
        RunOutcome outcome = run_service(task_, std::move(host), true);
        if (!outcome.is_launcher) return outcome.code;
        if (outcome.launch.ok()) {
            return print(task_.settings.full_name() + ": running, pid " + std::to_string(outcome.launch.pid()) + "\n");
        }
        if (outcome.launch.failure().stage() == Stage::pid_file_lock && is_started_by_other(now))
            return runs_already(now);
        print_launch(task_, outcome.launch);
        return lsb_code(outcome.launch.failure());
    }

  private:
    int end(const Failure& failure) const {
        if (failure) say(task_, failure);
        return lsb_code(failure);
    }

    static int print(const std::string& text) noexcept {
        const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
        return printed ? lsb::success : lsb::failed;
    }

    // Whether a start at the same moment, which was quicker, comes to its end well.
    bool is_started_by_other(Instance::Status& now) const {
        const Duration until = monotonic_now() + task_.options.timeout;
        Failure failure;
        do {
            now = instance_.status(failure);
            if (failure || now.state != Instance::State::starting) return now.state == Instance::State::running;
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 10)); // to be cut short does no harm
        } while (monotonic_now() < until);
        return false;
    }

    int runs_already(const Instance::Status& now) const {
        return print(task_.settings.full_name() + ": it runs already, pid " + std::to_string(now.pid) + "\n");
    }

    // start, stop, restart, reload. A service that `install` gave to systemd is systemd's to start and stop: behind its back
    // it would not be watched. Not where it is systemd that runs us.
    int manage(Verb verb) {
        const bool needs_check = verb == Verb::restart || verb == Verb::reload;
        const bool delegates = detect_host().kind != HostKind::systemd && is_systemds(unit());
        Failure failure;
        // systemd starts it with the unit's arguments, whatever this verb was given.
        if (needs_check && delegates) failure = task_.settings.check_configuration(installed_arguments(unit()));
        if (needs_check && !failure) failure = task_.settings.check_configuration(task_.arguments);
        if (failure) return end(failure);
        if (delegates) return end(systemctl(unit(), verb_name(verb)));
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
        const Instance::Status before = instance_.status(failure);
        if (failure) return end(failure);
        const bool ran = before.state == Instance::State::running || before.state == Instance::State::starting;
        if (!instance_.stop(task_.settings.stop_timeout, false, failure)) {
            if (failure.code().value() != ETIMEDOUT) return end(failure);
            say(task_, "process " + std::to_string(before.pid) + " did not stop in time, and is killed");
            if (!instance_.stop(Duration(), true, failure)) return end(failure);
        }
        return print(task_.settings.full_name() + (ran ? ": stopped\n" : ": it did not run\n"));
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
        result.arguments = task_.arguments;
        return result;
    }

    int status(bool json) const {
        Failure failure;
        const Instance::Status now = instance_.status(failure);
        if (failure) {
            say(task_, failure);
            return lsb::status_unknown;
        }
        const int printed = print(json ? json_status(now) : people_status(now));
        if (printed != lsb::success) return lsb::status_unknown;
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

    static std::int64_t uptime(const Instance::Status& now) noexcept {
        const std::int64_t span = static_cast<std::int64_t>(std::time(nullptr)) - now.since;
        return now.since == 0 || span < 0 ? 0 : span;
    }

    std::string people_status(const Instance::Status& now) const {
        std::string text = task_.settings.full_name() + ": " + state_text(now.state);
        if (now.state == Instance::State::dead) text += ", and it left its pid file";
        text += "\n";
        if (now.pid > 0) text += "  pid       " + std::to_string(now.pid) + "\n";
        if (now.since != 0) text += "  uptime    " + span_text(uptime(now)) + ", since " + time_text(now.since) + "\n";
        if (now.memory != 0) text += "  memory    " + memory_text(now.memory) + "\n";
        return text + "  pid file  " + pid_file_ + "\n";
    }

    std::string json_status(const Instance::Status& now) const {
        std::string text = "{\"name\":" + json_string(task_.settings.full_name());
        text += std::string(",\"state\":\"") + state_text(now.state) + "\"";
        if (now.pid > 0) text += ",\"pid\":" + std::to_string(now.pid);
        if (now.since != 0) {
            text += ",\"since\":" + std::to_string(now.since) + ",\"uptime\":" + std::to_string(uptime(now));
        }
        if (now.memory != 0) text += ",\"memory\":" + std::to_string(now.memory);
        return text + ",\"pid_file\":" + json_string(pid_file_) + "}\n";
    }

    static std::string time_text(std::int64_t seconds) {
        const auto time = static_cast<std::time_t>(seconds);
        struct tm parts = {};
        char text[32];
        if (localtime_r(&time, &parts) == nullptr) return std::to_string(seconds);
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
