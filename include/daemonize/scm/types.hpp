// The types of a Windows service: states, controls, accepted controls, status and events (public); and the Win32 error
// numbers (internal).
#ifndef DAEMONIZE_SCM_TYPES_HPP
#define DAEMONIZE_SCM_TYPES_HPP

#include "../core/duration.hpp"

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace daemonize {

/// SERVICE_STATUS::dwCurrentState.
enum class ServiceState : std::uint32_t {
    stopped = 1,
    start_pending = 2,
    stop_pending = 3,
    running = 4,
    continue_pending = 5,
    pause_pending = 6,
    paused = 7
};

/// The enumerator's name, and "unknown" for any other number.
inline const char* to_string(ServiceState state) noexcept {
    switch (state) {
    case ServiceState::stopped: return "stopped";
    case ServiceState::start_pending: return "start_pending";
    case ServiceState::stop_pending: return "stop_pending";
    case ServiceState::running: return "running";
    case ServiceState::continue_pending: return "continue_pending";
    case ServiceState::pause_pending: return "pause_pending";
    case ServiceState::paused: return "paused";
    }
    return "unknown";
}

/// A control of a service: SERVICE_CONTROL_.... The application defines the controls 128 to 255: user_control().
enum class Control : std::uint32_t {
    stop = 0x01,
    pause = 0x02,
    resume = 0x03, // SERVICE_CONTROL_CONTINUE: `continue` is a keyword of C++
    interrogate = 0x04,
    shutdown = 0x05,
    param_change = 0x06,
    netbind_add = 0x07,
    netbind_remove = 0x08,
    netbind_enable = 0x09,
    netbind_disable = 0x0a,
    device_event = 0x0b,
    hardware_profile_change = 0x0c,
    power_event = 0x0d,
    session_change = 0x0e,
    preshutdown = 0x0f,
    time_change = 0x10,
    trigger_event = 0x20,
    user_mode_reboot = 0x40
};

/// A control that the application defines: `number` is 128 to 255.
constexpr Control user_control(std::uint32_t number) noexcept { return static_cast<Control>(number); }
/// Whether the control has one of the numbers 128 to 255.
constexpr bool is_user_control(Control control) noexcept {
    return static_cast<std::uint32_t>(control) >= 128 && static_cast<std::uint32_t>(control) <= 255;
}

/// The enumerator's name, "user" for the controls 128 to 255, and "unknown" for any other number.
inline const char* to_string(Control control) noexcept {
    switch (control) {
    case Control::stop: return "stop";
    case Control::pause: return "pause";
    case Control::resume: return "resume";
    case Control::interrogate: return "interrogate";
    case Control::shutdown: return "shutdown";
    case Control::param_change: return "param_change";
    case Control::netbind_add: return "netbind_add";
    case Control::netbind_remove: return "netbind_remove";
    case Control::netbind_enable: return "netbind_enable";
    case Control::netbind_disable: return "netbind_disable";
    case Control::device_event: return "device_event";
    case Control::hardware_profile_change: return "hardware_profile_change";
    case Control::power_event: return "power_event";
    case Control::session_change: return "session_change";
    case Control::preshutdown: return "preshutdown";
    case Control::time_change: return "time_change";
    case Control::trigger_event: return "trigger_event";
    case Control::user_mode_reboot: return "user_mode_reboot";
    }
    return is_user_control(control) ? "user" : "unknown";
}

/// The controls that a service accepts: SERVICE_ACCEPT_..., a mask of bits.
enum class Accept : std::uint32_t {
    none = 0,
    stop = 0x001,
    pause_continue = 0x002,
    shutdown = 0x004,
    param_change = 0x008,
    netbind_change = 0x010,
    hardware_profile_change = 0x020,
    power_event = 0x040,
    session_change = 0x080,
    preshutdown = 0x100,
    time_change = 0x200,
    trigger_event = 0x400,
    user_mode_reboot = 0x800
};

constexpr Accept operator|(Accept a, Accept b) noexcept {
    return static_cast<Accept>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr Accept operator&(Accept a, Accept b) noexcept {
    return static_cast<Accept>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

/// SERVICE_STATUS::dwServiceType: the process runs this service alone, or several services.
enum class ServiceType : std::uint32_t { own_process = 0x10, share_process = 0x20 };

/// The source of a stop request.
enum class StopReason {
    none,             ///< no stop was requested
    operator_request, ///< a person or a program: the control stop, Context::stop(), a stop verb
    shutdown,         ///< the machine shuts down
    preshutdown,      ///< the machine is about to shut down
    interrupt,        ///< Ctrl-C, Ctrl-Break, or a closed console
    logoff,           ///< the user of the console logs off
    supervisor        ///< the service manager, or this library after a failure
};

/// The enumerator's name, and "unknown" for any other number.
inline const char* to_string(StopReason reason) noexcept {
    switch (reason) {
    case StopReason::none: return "none";
    case StopReason::operator_request: return "operator_request";
    case StopReason::shutdown: return "shutdown";
    case StopReason::preshutdown: return "preshutdown";
    case StopReason::interrupt: return "interrupt";
    case StopReason::logoff: return "logoff";
    case StopReason::supervisor: return "supervisor";
    }
    return "unknown";
}

/// The status of a service, as SERVICE_STATUS_PROCESS holds it.
struct ServiceStatus {
    ServiceType type = ServiceType::own_process;
    ServiceState state = ServiceState::stopped;
    Accept accepted = Accept::none;
    std::uint32_t exit_code = 0;         ///< a Win32 error; 1066 means that service_exit_code holds the code
    std::uint32_t service_exit_code = 0; ///< the code that the service set
    std::uint32_t checkpoint = 0;        ///< 0 unless the state is pending; it grows with each progress report
    Duration wait_hint;                  ///< the longest time until the next checkpoint
    std::uint32_t process_id = 0;        ///< 0 if the process is not known
};

/// A power event: PBT_.... `setting` and `data` are set for Type::setting_change only.
struct PowerEvent {
    enum class Type : std::uint32_t {
        suspend = 0x04,
        resume_suspend = 0x07,
        status_change = 0x0a,
        resume_automatic = 0x12,
        setting_change = 0x8013
    };
    Type type = Type::status_change;
    std::string setting; ///< the power setting's GUID, "{...}"
    std::vector<unsigned char> data;
};

/// A session event: WTS_....
struct SessionEvent {
    enum class Type : std::uint32_t {
        console_connect = 1,
        console_disconnect = 2,
        remote_connect = 3,
        remote_disconnect = 4,
        logon = 5,
        logoff = 6,
        lock = 7,
        unlock = 8,
        remote_control = 9,
        created = 10,
        terminated = 11
    };
    Type type = Type::logon;
    std::uint32_t session = 0;
};

/// A device event: DBT_.... Windows sends it to a service that passed its service_handle() to
/// RegisterDeviceNotification().
struct DeviceEvent {
    enum class Type : std::uint32_t {
        arrival = 0x8000,
        query_remove = 0x8001,
        query_remove_failed = 0x8002,
        remove_pending = 0x8003,
        remove_complete = 0x8004,
        type_specific = 0x8005,
        custom = 0x8006
    };
    Type type = Type::arrival;
    std::uint32_t device_type = 0;    ///< DBT_DEVTYP_...
    std::string device_class;         ///< the GUID of an interface or of a custom event, "{...}"
    std::string name;                 ///< the name of an interface or of a port
    std::vector<unsigned char> bytes; ///< the whole DEV_BROADCAST_... structure
};

/// A change of the hardware profile: DBT_....
struct HardwareProfileEvent {
    enum class Type : std::uint32_t { query_change = 0x17, changed = 0x18, change_cancelled = 0x19 };
    Type type = Type::changed;
};

/// A change of the system's time, in units of 100 ns since 1601.
struct TimeChangeEvent {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

/// A control with a copy of its data. Windows frees the original data when the control handler returns.
struct ControlEvent {
    ControlEvent() = default;
    explicit ControlEvent(Control which) : control(which) {}
    explicit ControlEvent(PowerEvent event) : control(Control::power_event), power(std::move(event)) {}
    explicit ControlEvent(SessionEvent event) : control(Control::session_change), session(event) {}
    explicit ControlEvent(DeviceEvent event) : control(Control::device_event), device(std::move(event)) {}
    explicit ControlEvent(HardwareProfileEvent event)
        : control(Control::hardware_profile_change), hardware_profile(event) {}
    explicit ControlEvent(TimeChangeEvent event) : control(Control::time_change), time(event) {}

    Control control = Control::interrogate;
    PowerEvent power;
    SessionEvent session;
    DeviceEvent device;
    HardwareProfileEvent hardware_profile;
    TimeChangeEvent time;
};

namespace detail {

// The Win32 errors of services. The numbers are the same on every platform, because FakeScm returns them too.
namespace win32 {
constexpr std::uint32_t no_error = 0;
constexpr std::uint32_t access_denied = 5;
constexpr std::uint32_t call_not_implemented = 120;
constexpr std::uint32_t invalid_parameter = 87;
constexpr std::uint32_t invalid_name = 123;
constexpr std::uint32_t invalid_service_control = 1052;
constexpr std::uint32_t service_request_timeout = 1053;
constexpr std::uint32_t service_already_running = 1056;
constexpr std::uint32_t service_disabled = 1058;
constexpr std::uint32_t service_does_not_exist = 1060;
constexpr std::uint32_t service_cannot_accept_control = 1061;
constexpr std::uint32_t service_not_active = 1062;
constexpr std::uint32_t failed_controller_connect = 1063;
constexpr std::uint32_t exception_in_service = 1064;
constexpr std::uint32_t service_specific_error = 1066;
constexpr std::uint32_t process_aborted = 1067;
constexpr std::uint32_t service_marked_for_delete = 1072;
constexpr std::uint32_t service_exists = 1073;
constexpr std::uint32_t query_deny = 0x424d5144; // BROADCAST_QUERY_DENY
} // namespace win32

inline std::error_code win32_error(std::uint32_t error) noexcept {
    return std::error_code(static_cast<int>(error), std::system_category());
}

// The bit of the mask that a control needs. Accept::none if the control has no bit: interrogate, device_event and the
// user controls.
constexpr Accept accept_bit(Control control) noexcept {
    switch (control) {
    case Control::stop: return Accept::stop;
    case Control::pause:
    case Control::resume: return Accept::pause_continue;
    case Control::shutdown: return Accept::shutdown;
    case Control::param_change: return Accept::param_change;
    case Control::netbind_add:
    case Control::netbind_remove:
    case Control::netbind_enable:
    case Control::netbind_disable: return Accept::netbind_change;
    case Control::hardware_profile_change: return Accept::hardware_profile_change;
    case Control::power_event: return Accept::power_event;
    case Control::session_change: return Accept::session_change;
    case Control::preshutdown: return Accept::preshutdown;
    case Control::time_change: return Accept::time_change;
    case Control::trigger_event: return Accept::trigger_event;
    case Control::user_mode_reboot: return Accept::user_mode_reboot;
    case Control::interrogate:
    case Control::device_event: break;
    }
    return Accept::none;
}

constexpr bool is_pending(ServiceState state) noexcept {
    return state == ServiceState::start_pending || state == ServiceState::stop_pending ||
           state == ServiceState::continue_pending || state == ServiceState::pause_pending;
}

} // namespace detail
} // namespace daemonize

#endif
