// ServiceManager: installs, starts, stops, controls and queries a Windows service (public).
#ifndef DAEMONIZE_WINDOWS_SCM_SERVICE_MANAGER_HPP
#define DAEMONIZE_WINDOWS_SCM_SERVICE_MANAGER_HPP

#include "install.hpp"
#include "wait_for_state.hpp"

#include <optional>
#include <string>
#include <vector>

namespace daemonize {

/// The service of one name, through the service control manager (SCM). Each operation opens the service with only the
/// access rights that the operation needs. An operation that waits goes on as long as the checkpoint or the state of
/// the service changes within its wait hint.
///
/// Each operation has two forms. The form with a Failure& returns false and sets the failure, which has the stage, the
/// Win32 error with its text, and the name of the service; after a success the failure is empty. The other form throws
/// the failure as an Error. Any thread may use an object at any time.
class ServiceManager {
  public:
    /// `name` is the name of the service, in UTF-8. The constructor calls no function of Windows.
    explicit ServiceManager(Text name) : name_(std::move(name)) {}

    /// The name of the service.
    const std::string& name() const noexcept { return name_; }

    /// Installs the service. An existing service gets exactly this configuration; a running service keeps the old
    /// configuration until its next start. A service that is marked for deletion is stopped and created again, within
    /// 30 s. A failure changes nothing. Stages: options, service_install, service_manager, service_open, service_query,
    /// service_configure.
    [[nodiscard]] bool install(const ServiceConfig& config, Failure& failure) const noexcept {
        if ((failure = detail::check_service_config(name_, config))) return false;
        const detail::WideConfig wide(name_, config);
        const DWORD attributes = DAEMONIZE_SYSTEM(GetFileAttributesW)(detail::widen(wide.program()).c_str());
        if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
            const DWORD error = attributes == INVALID_FILE_ATTRIBUTES ? ::GetLastError() : ERROR_FILE_NOT_FOUND;
            return detail::set_failure(Stage::service_install, error, name_ + " with " + wide.program(), failure);
        }
        const detail::ScHandle manager =
            detail::open_scm(name_, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, failure);
        if (!manager) return false;
        bool stopped = false;
        const Duration until = detail::tick_clock() + Duration::seconds(30);
        for (;;) {
            if (detail::create(manager, name_, config, wide, failure)) return succeed(failure);
            int code = failure.code().value();
            if (code == ERROR_SERVICE_EXISTS) {
                if (detail::reconfigure(manager, name_, config, wide, failure)) return succeed(failure);
                code = failure.code().value();
            }
            if (code != ERROR_SERVICE_MARKED_FOR_DELETE || detail::tick_clock() >= until) return false;
            // Windows deletes the service when it has stopped and every handle to it is closed.
            Failure ignored;
            if (!stopped) static_cast<void>(stop(ignored));
            stopped = true;
            DAEMONIZE_SYSTEM(Sleep)(100);
        }
    }

    /// Stops and deletes the service. Windows only marks the service for deletion while another program has a handle to
    /// the service: uninstall() waits for the deletion for `timeout`, 5 s by default, and then fails with error 1072.
    /// Stages: the stages of stop(), and service_uninstall.
    [[nodiscard]] bool uninstall(Duration timeout, Failure& failure) const noexcept {
        if (!stop(failure)) return false;
        {
            const detail::ScHandle service = detail::open_service(name_, detail::delete_access, failure);
            if (!service) return false;
            if (DAEMONIZE_SYSTEM(DeleteService)(service.get()) == FALSE &&
                ::GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
                return detail::set_failure(Stage::service_uninstall, ::GetLastError(), name_, failure);
            }
        }
        const Duration until = detail::tick_clock() + timeout;
        while (exists(failure) || failure) {
            if (detail::tick_clock() < until) {
                DAEMONIZE_SYSTEM(Sleep)(50);
                continue;
            }
            failure =
                Failure(Stage::service_uninstall, detail::win32_error(ERROR_SERVICE_MARKED_FOR_DELETE), name_,
                        "the service is stopped and marked for deletion; Windows deletes it when every program has "
                        "closed its handle to the service");
            return false;
        }
        return true;
    }
    [[nodiscard]] bool uninstall(Failure& failure) const noexcept { return uninstall(Duration::seconds(5), failure); }

    /// Starts the service with these arguments, and waits for RUNNING. A service that runs is a failure with error
    /// 1056. Stages: options, service_manager, service_open, service_start, service_query, service_wait.
    [[nodiscard]] bool start(const std::vector<std::string>& arguments, Failure& failure) const noexcept {
        for (const std::string& argument : arguments) {
            if (argument.find('\0') == std::string::npos) continue;
            failure = Failure(Stage::options, detail::win32_error(detail::win32::invalid_parameter),
                              "the arguments of the service " + name_, "an argument has a zero byte");
            return false;
        }
        const detail::ScHandle service = detail::open_service(name_, SERVICE_START | SERVICE_QUERY_STATUS, failure);
        if (!service) return false;
        std::vector<std::wstring> wide;
        std::vector<const wchar_t*> pointers;
        wide.reserve(arguments.size());
        for (const std::string& argument : arguments) {
            wide.push_back(detail::widen(argument));
            pointers.push_back(wide.back().c_str());
        }
        if (DAEMONIZE_SYSTEM(StartServiceW)(service.get(), static_cast<DWORD>(pointers.size()),
                                            pointers.empty() ? nullptr : pointers.data()) == FALSE) {
            return detail::set_failure(Stage::service_start, ::GetLastError(), name_, failure);
        }
        return detail::wait_for_state(service, name_, ServiceState::running, Duration::longest(), failure);
    }

    /// Stops the services that depend on this service, and then the service, and waits for STOPPED. A service that
    /// starts is stopped after RUNNING: a starting service accepts no stop. A stopped service is a success. Stages:
    /// service_manager, service_open, service_query, service_stop, service_wait.
    [[nodiscard]] bool stop(Failure& failure) const noexcept {
        std::vector<std::string> dependents;
        return stop(dependents, failure);
    }

    /// Stops the service with its running dependents, and starts all of them again. If a service refuses to stop, the
    /// dependents that have stopped are started again. Stages: the stages of stop() and start().
    [[nodiscard]] bool restart(const std::vector<std::string>& arguments, Failure& failure) const noexcept {
        std::vector<std::string> dependents;
        bool succeeded = stop(dependents, failure);
        if (succeeded && !start(arguments, failure)) return false;
        for (std::size_t i = dependents.size(); i-- > 0;) {
            Failure another;
            if (ServiceManager(dependents[i]).start({}, another) ||
                another.code().value() == ERROR_SERVICE_ALREADY_RUNNING) {
                continue;
            }
            if (succeeded) failure = another; // the first failure is reported
            succeeded = false;
        }
        return succeeded;
    }

    /// Pauses the service, and waits for PAUSED. Stages: service_manager, service_open, service_control, service_query,
    /// service_wait.
    [[nodiscard]] bool pause(Failure& failure) const noexcept {
        return control_and_wait(Control::pause, ServiceState::paused, failure);
    }

    /// Continues the service, and waits for RUNNING. Stages: the stages of pause().
    [[nodiscard]] bool resume(Failure& failure) const noexcept {
        return control_and_wait(Control::resume, ServiceState::running, failure);
    }

    /// Sends a control that the application defines, 128 to 255. An answer of the handler other than 0 is a failure
    /// with this error. Stages: service_manager, service_open, service_control.
    [[nodiscard]] bool control(std::uint32_t number, Failure& failure) const noexcept {
        if (!is_user_control(user_control(number))) {
            failure = Failure(Stage::service_control, detail::win32_error(detail::win32::invalid_parameter), name_,
                              std::to_string(number) + " is no control of an application: these are 128 to 255");
            return false;
        }
        return control(user_control(number), failure);
    }

    /// Sends a control, and does not wait for its effect. Windows refuses the controls that only Windows may send.
    /// Stages: service_manager, service_open, service_control.
    [[nodiscard]] bool control(Control which, Failure& failure) const noexcept {
        const detail::ScHandle service = detail::open_service(name_, access_for(which), failure);
        return service && send(service, which, Stage::service_control, failure);
    }

    /// The status of the service; empty on a failure. Stages: service_manager, service_open, service_query.
    [[nodiscard]] std::optional<ServiceStatus> status(Failure& failure) const noexcept {
        const detail::ScHandle service = detail::open_service(name_, SERVICE_QUERY_STATUS, failure);
        return service ? detail::query_status(service, name_, failure) : std::nullopt;
    }

    /// Waits for a state, for `timeout` at most; the default is Duration::longest(). A state that is not pending is
    /// waited for ten seconds. Stages: service_manager, service_open, service_query, service_wait.
    [[nodiscard]] bool wait_for(ServiceState state, Duration timeout, Failure& failure) const noexcept {
        const detail::ScHandle service = detail::open_service(name_, SERVICE_QUERY_STATUS, failure);
        return service && detail::wait_for_state(service, name_, state, timeout, failure);
    }
    [[nodiscard]] bool wait_for(ServiceState state, Failure& failure) const noexcept {
        return wait_for(state, Duration::longest(), failure);
    }

    /// Whether the service is installed. False with a failure if Windows does not answer. Stages: service_manager,
    /// service_open.
    [[nodiscard]] bool exists(Failure& failure) const noexcept {
        if (detail::open_service(name_, SERVICE_QUERY_STATUS, failure)) return true;
        if (failure.code().value() == ERROR_SERVICE_DOES_NOT_EXIST) failure = Failure();
        return false;
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above, with the same parameters. They throw Error.
    void install(const ServiceConfig& config = ServiceConfig()) const {
        or_throw([&](Failure& failure) { return install(config, failure); });
    }
    void uninstall(Duration timeout = Duration::seconds(5)) const {
        or_throw([&](Failure& failure) { return uninstall(timeout, failure); });
    }
    void start(const std::vector<std::string>& arguments = {}) const {
        or_throw([&](Failure& failure) { return start(arguments, failure); });
    }
    void stop() const {
        or_throw([&](Failure& failure) { return stop(failure); });
    }
    void restart(const std::vector<std::string>& arguments = {}) const {
        or_throw([&](Failure& failure) { return restart(arguments, failure); });
    }
    void pause() const {
        or_throw([&](Failure& failure) { return pause(failure); });
    }
    void resume() const {
        or_throw([&](Failure& failure) { return resume(failure); });
    }
    void control(std::uint32_t number) const {
        or_throw([&](Failure& failure) { return control(number, failure); });
    }
    void control(Control which) const {
        or_throw([&](Failure& failure) { return control(which, failure); });
    }
    [[nodiscard]] ServiceStatus status() const {
        Failure failure;
        const std::optional<ServiceStatus> result = status(failure);
        detail::throw_unless(result.has_value(), failure);
        return *result;
    }
    void wait_for(ServiceState state, Duration timeout = Duration::longest()) const {
        or_throw([&](Failure& failure) { return wait_for(state, timeout, failure); });
    }
    [[nodiscard]] bool exists() const {
        Failure failure;
        const bool result = exists(failure);
        detail::throw_if(failure);
        return result;
    }
#endif

  private:
#if DAEMONIZE_HAS_EXCEPTIONS()
    template <class Call>
    static void or_throw(Call call) {
        Failure failure;
        detail::throw_unless(call(failure), failure);
    }
#endif

    // Clears the failure of a step: the whole operation has succeeded.
    static bool succeed(Failure& failure) noexcept {
        failure = Failure();
        return true;
    }

    static DWORD access_for(Control control) noexcept {
        if (is_user_control(control)) return SERVICE_USER_DEFINED_CONTROL;
        if (control == Control::stop) return SERVICE_STOP;
        return control == Control::interrogate ? SERVICE_INTERROGATE : SERVICE_PAUSE_CONTINUE;
    }

    [[nodiscard]] bool send(const detail::ScHandle& service, Control which, Stage stage,
                            Failure& failure) const noexcept {
        SERVICE_STATUS ignored;
        return DAEMONIZE_SYSTEM(ControlService)(service.get(), static_cast<DWORD>(which), &ignored) != FALSE ||
               detail::set_failure(stage, ::GetLastError(), name_, failure);
    }

    [[nodiscard]] bool control_and_wait(Control which, ServiceState goal, Failure& failure) const noexcept {
        const detail::ScHandle service =
            detail::open_service(name_, SERVICE_PAUSE_CONTINUE | SERVICE_QUERY_STATUS, failure);
        return service && send(service, which, Stage::service_control, failure) &&
               detail::wait_for_state(service, name_, goal, Duration::longest(), failure);
    }

    // Adds the dependents that it stops to `dependents`.
    [[nodiscard]] bool stop(std::vector<std::string>& dependents, Failure& failure) const noexcept {
        const DWORD access = SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_ENUMERATE_DEPENDENTS;
        const detail::ScHandle service = detail::open_service(name_, access, failure);
        if (!service) return false;
        std::optional<ServiceStatus> now = detail::query_status(service, name_, failure);
        if (now && now->state == ServiceState::start_pending) {
            // A start that fails ends in STOPPED, which is a success here.
            static_cast<void>(
                detail::wait_for_state(service, name_, ServiceState::running, Duration::longest(), failure));
            now = detail::query_status(service, name_, failure);
        }
        if (!now) return false;
        if (now->state == ServiceState::stopped) return succeed(failure);
        if (now->state != ServiceState::stop_pending) {
            if (!stop_dependents(service, dependents, failure) || !send_stop(service, failure)) return false;
        }
        return detail::wait_for_state(service, name_, ServiceState::stopped, Duration::longest(), failure) &&
               succeed(failure);
    }

    // Sends the control stop. A service that stops or has stopped is a success: another program sent a stop, or the
    // body ended at the same moment.
    [[nodiscard]] bool send_stop(const detail::ScHandle& service, Failure& failure) const noexcept {
        if (send(service, Control::stop, Stage::service_stop, failure)) return true;
        const Failure refused = failure;
        if (refused.code().value() == ERROR_BROKEN_PIPE) {
            // The process ended before its answer. The SCM notices the end of the process a moment later.
            static_cast<void>(
                detail::wait_for_state(service, name_, ServiceState::stopped, Duration::longest(), failure));
        }
        const std::optional<ServiceStatus> now = detail::query_status(service, name_, failure);
        if (!now || now->state == ServiceState::stopped || now->state == ServiceState::stop_pending) return !!now;
        failure = refused;
        return false;
    }

    // EnumDependentServices lists a dependent before the services that it depends on, and lists dependents of
    // dependents.
    [[nodiscard]] bool stop_dependents(const detail::ScHandle& service, std::vector<std::string>& names,
                                       Failure& failure) const noexcept {
        DWORD size = 0;
        DWORD count = 0;
        if (DAEMONIZE_SYSTEM(EnumDependentServicesW)(service.get(), SERVICE_ACTIVE, nullptr, 0, &size, &count) !=
            FALSE) {
            return true;
        }
        if (::GetLastError() != ERROR_MORE_DATA) return true; // a dependent makes the stop itself fail
        std::vector<BYTE> bytes(size);
        auto* found = reinterpret_cast<ENUM_SERVICE_STATUSW*>(bytes.data());
        if (DAEMONIZE_SYSTEM(EnumDependentServicesW)(service.get(), SERVICE_ACTIVE, found, size, &size, &count) ==
            FALSE) {
            return detail::set_failure(Stage::service_stop, ::GetLastError(), name_, failure);
        }
        for (DWORD i = 0; i < count; ++i) {
            const std::string name = detail::narrow(found[i].lpServiceName);
            // restart() does not start a dependent that another program stops.
            if (found[i].ServiceStatus.dwCurrentState != SERVICE_STOP_PENDING) names.push_back(name);
            if (!ServiceManager(name).stop(failure)) return false;
        }
        return true;
    }

    std::string name_;
};

} // namespace daemonize

#endif
