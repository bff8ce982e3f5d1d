// ServiceVerbs: the verbs of a service program on Windows (internal).
#ifndef DAEMONIZE_WINDOWS_SERVICE_VERBS_HPP
#define DAEMONIZE_WINDOWS_SERVICE_VERBS_HPP

#include "../../service/lsb_status.hpp"
#include "../../service/settings.hpp"
#include "../../service/status_report.hpp"
#include "../../service/verbs.hpp"
#include "../scm/service_manager.hpp"
#include "../scm/service_ports.hpp"
#include "../system/event_log.hpp"
#include "process_info.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

// Prints to standard output. Returns an exit status of the LSB.
inline int print(const std::string& text) noexcept {
    const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return printed ? lsb::success : lsb::failed;
}

class ServiceVerbs {
  public:
    // `config` is the ServiceConfig of Service::windows().
    ServiceVerbs(ServiceSettings& settings, const ServiceConfig& config, std::string program)
        : settings_(settings), config_(config), program_(std::move(program)), name_(settings.full_name()),
          manager_(name_) {}

    // Runs a verb, and returns the exit status. Verb::run and Verb::none belong to run_service_program().
    int perform(const VerbLine& line) {
        switch (line.verb) {
        case Verb::start: return start(line.arguments);
        case Verb::stop: return stop();
        case Verb::restart: return restart(line.arguments);
        case Verb::reload: return reload(line.arguments);
        case Verb::status: return status(line.json);
        case Verb::install: return install(line.arguments);
        case Verb::uninstall: return uninstall();
        case Verb::none:
        case Verb::run:
        case Verb::help: break;
        }
        return print(help_text(program_, name_, settings_.description));
    }

  private:
    int end(const Failure& failure) const {
        if (!failure) return lsb::success;
        // The SCM stores only a number for a service that ended; the text is in the event log.
        const bool ended = failure.stage() == Stage::service_wait && !is(failure, win32::service_request_timeout);
        write_console(name_ + ": " + failure.message() + (ended ? "; see the event log" : ""));
        if (is(failure, win32::access_denied)) return lsb::no_rights;
        return is(failure, win32::service_not_active) && !ended ? lsb::not_running : lsb_code(failure);
    }

    static bool is(const Failure& failure, std::uint32_t error) noexcept {
        return failure.code() == win32_error(error);
    }

    // Prints the result of a verb that changed something. A failed write does not change the result.
    int report(const std::string& text) const {
        static_cast<void>(print(name_ + ": " + text + "\n"));
        return lsb::success;
    }

    int report_running(const char* how) const {
        Failure failure;
        const std::optional<ServiceStatus> now = manager_.status(failure);
        if (!now) return end(failure);
        return report(how + (now->process_id == 0 ? std::string() : ", pid " + std::to_string(now->process_id)));
    }

    // Without arguments, the SCM starts the service with the arguments of the installation.
    int start(const std::vector<std::string>& arguments) const {
        Failure failure;
        if (manager_.start(arguments, failure)) return report_running("running");
        if (!is(failure, win32::service_already_running)) return end(failure);
        const std::optional<ServiceStatus> now = manager_.status(failure);
        if (!now) return end(failure);
        if (now->state == ServiceState::start_pending && !manager_.wait_for(ServiceState::running, failure)) {
            return end(failure);
        }
        return report_running("already running");
    }

    int stop() const {
        Failure failure;
        const std::optional<ServiceStatus> before = manager_.status(failure);
        if (before && manager_.stop(failure)) {
            return report(before->state == ServiceState::stopped ? "not running" : "stopped");
        }
        return is(failure, win32::service_does_not_exist) ? report("not installed") : end(failure);
    }

    int restart(const std::vector<std::string>& arguments) {
        Failure failure;
        if (!check(arguments, failure) || !manager_.restart(arguments, failure)) return end(failure);
        return report_running("running");
    }

    int reload(const std::vector<std::string>& arguments) {
        Failure failure;
        if (check(arguments, failure)) static_cast<void>(manager_.control(Control::param_change, failure));
        return end(failure);
    }

    // Checks the configuration with these arguments; without arguments, with the arguments of the installation.
    [[nodiscard]] bool check(const std::vector<std::string>& arguments, Failure& failure) {
        std::vector<std::string> asked = arguments;
        if (asked.empty() && !installed_arguments(asked, failure)) return false;
        failure = settings_.check_configuration(asked);
        return !failure;
    }

    // The arguments in the command line that the verb install wrote.
    [[nodiscard]] bool installed_arguments(std::vector<std::string>& arguments, Failure& failure) const {
        const ScHandle service = open_service(name_, SERVICE_QUERY_CONFIG, failure);
        if (!service) return false;
        DWORD size = 0;
        DAEMONIZE_SYSTEM(QueryServiceConfigW)(service.get(), nullptr, 0, &size);
        std::vector<BYTE> bytes(size);
        auto* found = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(bytes.data());
        if (DAEMONIZE_SYSTEM(QueryServiceConfigW)(service.get(), found, size, &size) == FALSE) {
            return set_failure(Stage::service_query, ::GetLastError(), name_, failure);
        }
        std::vector<std::string> command_line = parse_command_line(narrow(found->lpBinaryPathName));
        if (!command_line.empty()) command_line.erase(command_line.begin());
        arguments = parse_verbs(command_line).arguments;
        return true;
    }

    // Registers the source of the event log first: a registered source does no harm if the installation of the service
    // fails.
    int install(const std::vector<std::string>& arguments) {
        ServiceConfig config = config_;
        const std::vector<std::string>& body_arguments = arguments.empty() ? config_.arguments : arguments;
        config.arguments = {"run", "--"};
        config.arguments.insert(config.arguments.end(), body_arguments.begin(), body_arguments.end());
        if (config.description.empty()) config.description = settings_.description;
        const EventLog log(name_);
        Failure failure;
        const bool existed = manager_.exists(failure) || failure;
        if (!log.install(failure)) return end(failure);
        if (manager_.install(config, failure)) return lsb::success;
        Failure ignored; // the first failure is reported
        if (!existed) static_cast<void>(log.uninstall(ignored));
        return end(failure);
    }

    int uninstall() const {
        Failure failure;
        if (manager_.uninstall(failure)) static_cast<void>(EventLog(name_).uninstall(failure));
        return end(failure);
    }

    static const char* state_text(const ServiceStatus& now, bool failed) noexcept {
        switch (now.state) {
        case ServiceState::stopped: return failed ? "dead" : "not running";
        case ServiceState::start_pending: return "starting";
        case ServiceState::stop_pending: return "stopping";
        case ServiceState::continue_pending:
        case ServiceState::running: return "running";
        case ServiceState::pause_pending:
        case ServiceState::paused: return "paused";
        }
        return "unknown";
    }

    int status(bool json) const {
        StatusReport report;
        report.name = name_;
        Failure failure;
        const std::optional<ServiceStatus> found = manager_.status(failure);
        if (!found && !is(failure, win32::service_does_not_exist)) {
            write_console(name_ + ": " + failure.message());
            return lsb::status_unknown;
        }
        const ServiceStatus now = found ? *found : ServiceStatus();
        const bool stopped = now.state == ServiceState::stopped;
        const bool failed = stopped && now.exit_code != 0 && now.exit_code != ERROR_SERVICE_NEVER_STARTED;
        report.state = state_text(now, failed);
        if (!found) report.remark = ", not installed";
        if (failed) {
            const bool own = now.exit_code == win32::service_specific_error;
            report.remark = own ? ", with a service-specific exit code" : ", with a Win32 error";
            report.exit_code = own ? now.service_exit_code : now.exit_code;
        }
        const ProcessInfo process = process_info(now.process_id);
        report.pid = now.process_id;
        report.since = process.since;
        report.memory = process.memory;
        if (print(json ? status_json(report) : status_text(report)) != lsb::success) return lsb::status_unknown;
        if (!stopped) return lsb::success;
        return failed ? lsb::status_dead : lsb::status_not_running;
    }

    ServiceSettings& settings_;
    const ServiceConfig& config_;
    std::string program_;
    std::string name_;
    ServiceManager manager_;
};

} // namespace detail
} // namespace daemonize

#endif
