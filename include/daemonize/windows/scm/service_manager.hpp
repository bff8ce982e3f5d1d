// ServiceManager: one installed service, seen from outside. Installing, starting, stopping, asking.
// Uses service_install; programs use it.
#ifndef DAEMONIZE_WINDOWS_SCM_SERVICE_MANAGER_HPP
#define DAEMONIZE_WINDOWS_SCM_SERVICE_MANAGER_HPP

#include "install.hpp"

namespace daemonize {

/// The service of one name, through the service control manager. Every operation opens it with the rights that it needs
/// and no others, and waits, where it waits, as long as the service shows life by its checkpoints. Each comes in two
/// forms: one returns false and fills a Failure (with the stage, Windows' error and its text, and the service's name),
/// the other throws that as an Error.
class ServiceManager {
  public:
    explicit ServiceManager(std::string name) : name_(std::move(name)) {}

    const std::string& name() const noexcept { return name_; }

    /// Installs the service. One that exists is changed to exactly this configuration (what is left out goes back to its
    /// default), and runs on as it was until its next start; one that is only marked for deletion is stopped, and made
    /// again. What fails leaves everything as it was.
    bool install(const ServiceConfig& config, Failure& failure) const noexcept {
        if ((failure = detail::check_service_config(name_, config))) return false;
        const detail::WideConfig wide(name_, config);
        const DWORD attributes = DAEMONIZE_SYSTEM(GetFileAttributesW)(detail::widen(wide.program()).c_str());
        if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
            const DWORD error = attributes == INVALID_FILE_ATTRIBUTES ? ::GetLastError() : ERROR_FILE_NOT_FOUND;
            return detail::set_failure(failure, Stage::service_install, error, name_ + " with " + wide.program());
        }
        const detail::ScHandle manager =
            detail::open_scm(SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE, failure, name_);
        if (!manager) return false;
        bool asked = false;
        const Duration until = detail::tick_clock() + Duration::seconds(30);
        for (;;) {
            if (detail::create(manager, name_, config, wide, failure)) return succeed(failure);
            int code = failure.code().value();
            if (code == ERROR_SERVICE_EXISTS) {
                if (detail::reconfigure(manager, name_, config, wide, failure)) return succeed(failure);
                code = failure.code().value();
            }
            if (code != ERROR_SERVICE_MARKED_FOR_DELETE || detail::tick_clock() >= until) return false;
            // It goes when it has stopped, and nobody holds it open any more.
            Failure ignored;
            if (!asked) static_cast<void>(stop(ignored));
            asked = true;
            DAEMONIZE_SYSTEM(Sleep)(100);
        }
    }

    /// Stops the service and takes it away. Where others hold it open, so that Windows only marked it for deletion, it
    /// waits for `longest`, and then says so: error 1072.
    bool uninstall(Failure& failure, Duration longest = Duration::seconds(5)) const noexcept {
        if (!stop(failure)) return false;
        {
            const detail::ScHandle service = detail::open_service(name_, detail::delete_access, failure);
            if (!service) return false;
            if (DAEMONIZE_SYSTEM(DeleteService)(service.get()) == FALSE &&
                ::GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE) {
                return detail::set_failure(failure, Stage::service_uninstall, ::GetLastError(), name_);
            }
        }
        const Duration until = detail::tick_clock() + longest;
        for (;;) {
            Failure gone;
            if (!detail::open_service(name_, SERVICE_QUERY_STATUS, gone) &&
                gone.code().value() == ERROR_SERVICE_DOES_NOT_EXIST) {
                return true;
            }
            if (detail::tick_clock() >= until) break;
            DAEMONIZE_SYSTEM(Sleep)(50);
        }
        failure =
            Failure(Stage::service_uninstall, detail::win32_error(ERROR_SERVICE_MARKED_FOR_DELETE), name_,
                    "it is stopped and marked for deletion, and goes when the programs that hold it open close it");
        return false;
    }

    /// Starts the service with these arguments, and waits until it runs. One that runs already is error 1056.
    bool start(const std::vector<std::string>& arguments, Failure& failure) const noexcept {
        for (const std::string& argument : arguments) {
            if (argument.find('\0') == std::string::npos) continue;
            failure = Failure(Stage::options, detail::win32_error(detail::win32::invalid_parameter),
                              "the arguments of the service " + name_, "one has a zero byte");
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
            return detail::set_failure(failure, Stage::service_start, ::GetLastError(), name_);
        }
        return detail::wait_for_state(service, name_, ServiceState::running, Duration::longest(), failure);
    }

    /// Stops the service and those that depend on it, and waits until it has stopped. One that is still starting is first
    /// waited for: until it runs, it takes no stop. One that does not run is no failure.
    bool stop(Failure& failure) const noexcept {
        std::vector<std::string> dependents;
        return stop(dependents, failure);
    }

    /// Stops the service, and starts it again, and with it the dependents that ran. Where one of these, or the service
    /// itself, refuses to stop, those that had stopped for it are started again.
    bool restart(const std::vector<std::string>& arguments, Failure& failure) const noexcept {
        std::vector<std::string> dependents;
        bool well = stop(dependents, failure);
        if (well && !start(arguments, failure)) return false;
        for (std::size_t i = dependents.size(); i-- > 0;) {
            Failure another;
            if (ServiceManager(dependents[i]).start({}, another) ||
                another.code().value() == ERROR_SERVICE_ALREADY_RUNNING) {
                continue;
            }
            if (well) failure = another; // the first failure counts
            well = false;
        }
        return well;
    }

    bool pause(Failure& failure) const noexcept {
        return control_and_wait(Control::pause, ServiceState::paused, failure);
    }
    bool resume(Failure& failure) const noexcept {
        return control_and_wait(Control::resume, ServiceState::running, failure);
    }

    /// Sends one of the application's own controls, 128 to 255. What its handler answers, if not 0, is the error.
    bool control(std::uint32_t number, Failure& failure) const noexcept {
        if (!is_user_control(user_control(number))) {
            failure = Failure(Stage::service_control, detail::win32_error(detail::win32::invalid_parameter), name_,
                              std::to_string(number) + " is no control of an application's own: those are 128 to 255");
            return false;
        }
        return control(user_control(number), failure);
    }

    /// Sends a control and does not wait for what comes of it. Windows itself sends those that no program may.
    bool control(Control which, Failure& failure) const noexcept {
        const detail::ScHandle service = detail::open_service(name_, access_for(which), failure);
        return service && send(service, which, Stage::service_control, failure);
    }

    bool status(ServiceStatus& result, Failure& failure) const noexcept {
        const detail::ScHandle service = detail::open_service(name_, SERVICE_QUERY_STATUS, failure);
        return service && detail::query_status(service, name_, result, failure);
    }

    /// Waits for a state that the service is on its way to, as long as it shows life, and for `longest` at most. One that
    /// stays in another state, with nothing pending, is given ten seconds.
    bool wait_for(ServiceState state, Failure& failure, Duration longest = Duration::longest()) const noexcept {
        const detail::ScHandle service = detail::open_service(name_, SERVICE_QUERY_STATUS, failure);
        return service && detail::wait_for_state(service, name_, state, longest, failure);
    }

    /// Whether it is installed. False also where Windows would not say.
    bool exists() const noexcept {
        Failure failure;
        return static_cast<bool>(detail::open_service(name_, SERVICE_QUERY_STATUS, failure));
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    void install(const ServiceConfig& config = ServiceConfig()) const {
        or_throw([&](Failure& failure) { return install(config, failure); });
    }
    void uninstall() const {
        or_throw([&](Failure& failure) { return uninstall(failure); });
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
    ServiceStatus status() const {
        ServiceStatus result;
        or_throw([&](Failure& failure) { return status(result, failure); });
        return result;
    }
    void wait_for(ServiceState state, Duration longest = Duration::longest()) const {
        or_throw([&](Failure& failure) { return wait_for(state, failure, longest); });
    }
#endif

  private:
#if DAEMONIZE_HAS_EXCEPTIONS()
    template <class Call>
    static void or_throw(Call call) {
        Failure failure;
        if (!call(failure)) throw Error(failure);
    }
#endif

    // What failed on the way is nothing where the whole has succeeded.
    static bool succeed(Failure& failure) noexcept {
        failure = Failure();
        return true;
    }

    static DWORD access_for(Control control) noexcept {
        if (is_user_control(control)) return SERVICE_USER_DEFINED_CONTROL;
        if (control == Control::stop) return SERVICE_STOP;
        return control == Control::interrogate ? SERVICE_INTERROGATE : SERVICE_PAUSE_CONTINUE;
    }

    bool send(const detail::ScHandle& service, Control which, Stage stage, Failure& failure) const noexcept {
        SERVICE_STATUS ignored;
        return DAEMONIZE_SYSTEM(ControlService)(service.get(), static_cast<DWORD>(which), &ignored) != FALSE ||
               detail::set_failure(failure, stage, ::GetLastError(), name_);
    }

    bool control_and_wait(Control which, ServiceState goal, Failure& failure) const noexcept {
        const detail::ScHandle service =
            detail::open_service(name_, SERVICE_PAUSE_CONTINUE | SERVICE_QUERY_STATUS, failure);
        return service && send(service, which, Stage::service_control, failure) &&
               detail::wait_for_state(service, name_, goal, Duration::longest(), failure);
    }

    bool stop(std::vector<std::string>& dependents, Failure& failure) const noexcept {
        const DWORD access = SERVICE_STOP | SERVICE_QUERY_STATUS | SERVICE_ENUMERATE_DEPENDENTS;
        const detail::ScHandle service = detail::open_service(name_, access, failure);
        ServiceStatus now;
        if (!service || !detail::query_status(service, name_, now, failure)) return false;
        if (now.state == ServiceState::start_pending) {
            // That it ended instead is as good.
            static_cast<void>(
                detail::wait_for_state(service, name_, ServiceState::running, Duration::longest(), failure));
            if (!detail::query_status(service, name_, now, failure)) return false;
        }
        if (now.state == ServiceState::stopped) return succeed(failure);
        if (now.state != ServiceState::stop_pending) {
            if (!stop_dependents(service, dependents, failure)) return false;
            if (!send(service, Control::stop, Stage::service_stop, failure)) {
                // Somebody else was quicker, or it ended while it was asked: then it is as good as stopped.
                const Failure refused = failure;
                if (refused.code().value() == ERROR_BROKEN_PIPE) {
                    // Its process has gone before it had answered, and the SCM learns of that a moment later.
                    static_cast<void>(
                        detail::wait_for_state(service, name_, ServiceState::stopped, Duration::longest(), failure));
                }
                if (!detail::query_status(service, name_, now, failure)) return false;
                if (now.state != ServiceState::stopped && now.state != ServiceState::stop_pending) {
                    failure = refused;
                    return false;
                }
            }
        }
        return detail::wait_for_state(service, name_, ServiceState::stopped, Duration::longest(), failure) &&
               succeed(failure);
    }

    // Windows lists them in the order in which they are to stop, with those that depend on them in turn.
    bool stop_dependents(const detail::ScHandle& service, std::vector<std::string>& names,
                         Failure& failure) const noexcept {
        DWORD size = 0;
        DWORD count = 0;
        if (DAEMONIZE_SYSTEM(EnumDependentServicesW)(service.get(), SERVICE_ACTIVE, nullptr, 0, &size, &count) !=
            FALSE) {
            return true;
        }
        if (::GetLastError() != ERROR_MORE_DATA) return true; // what cannot be listed makes the stop itself fail
        std::vector<BYTE> bytes(size);
        auto* found = reinterpret_cast<ENUM_SERVICE_STATUSW*>(bytes.data());
        if (DAEMONIZE_SYSTEM(EnumDependentServicesW)(service.get(), SERVICE_ACTIVE, found, size, &size, &count) ==
            FALSE) {
            return detail::set_failure(failure, Stage::service_stop, ::GetLastError(), name_);
        }
        for (DWORD i = 0; i < count; ++i) {
            const std::string name = detail::narrow(found[i].lpServiceName);
            // One that somebody else is stopping is waited for, and not to be started again.
            if (found[i].ServiceStatus.dwCurrentState != SERVICE_STOP_PENDING) names.push_back(name);
            if (!ServiceManager(name).stop(failure)) return false;
        }
        return true;
    }

    std::string name_;
};

} // namespace daemonize

#endif
