// What Windows says about services, as types: states, controls, what is accepted, statuses, and the events' contents.
// Uses duration; the state machine, WinService, ServiceManager and the fake SCM use it.
#ifndef DAEMONIZE_SCM_TYPES_HPP
#define DAEMONIZE_SCM_TYPES_HPP

#include "../core/duration.hpp"

#include <cstdint>
#include <string>
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

/// The state in a word, for people.
inline const char* state_name(ServiceState state) noexcept {
    static const char* const names[] = {"stopped",    "starting", "stopping", "running",
                                        "continuing", "pausing",  "paused"};
    const auto number = static_cast<std::uint32_t>(state);
    return number >= 1 && number <= 7 ? names[number - 1] : "in an unknown state";
}

/// What is sent to a service: SERVICE_CONTROL_…. Those of the application's own are user_control(128) to (255).
enum class Control : std::uint32_t {
    stop = 0x01,
    pause = 0x02,
    resume = 0x03, // SERVICE_CONTROL_CONTINUE, which is a keyword here
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

/// One of the application's own controls, 128 to 255.
constexpr Control user_control(std::uint32_t number) noexcept { return static_cast<Control>(number); }
constexpr bool is_user_control(Control control) noexcept {
    return static_cast<std::uint32_t>(control) >= 128 && static_cast<std::uint32_t>(control) <= 255;
}

/// Which controls a service takes: SERVICE_ACCEPT_…, a mask.
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

/// One process for the service alone, or for several: never the mask SERVICE_WIN32, which is no type.
enum class ServiceType : std::uint32_t { own_process = 0x10, share_process = 0x20 };

/// Who asked for the stop.
enum class StopReason { none, operator_request, shutdown, preshutdown, interrupt, logoff, supervisor };

/// SERVICE_STATUS_PROCESS.
struct ServiceStatus {
    ServiceType type = ServiceType::own_process;
    ServiceState state = ServiceState::stopped;
    Accept accepted = Accept::none;
    std::uint32_t exit_code = 0;         ///< a Win32 error; 1066 sends to the next one
    std::uint32_t service_exit_code = 0; ///< the service's own code
    std::uint32_t checkpoint = 0;        ///< 0 unless pending; its growth is the service's sign of life
    Duration wait_hint;                  ///< how long until the next checkpoint, at most
    std::uint32_t process_id = 0;        ///< 0 where it is not known
};

/// A power event: PBT_…. `setting` and `data` come with a setting change only.
struct PowerEvent {
    enum class Type : std::uint32_t {
        suspend = 0x04,
        resume_suspend = 0x07,
        status_change = 0x0a,
        resume_automatic = 0x12,
        setting_change = 0x8013
    };
    Type type = Type::status_change;
    std::string setting; ///< the power setting's GUID, "{…}"
    std::vector<unsigned char> data;
};

/// A session event: WTS_….
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

/// A device event: DBT_…. It comes to who registered for it, by RegisterDeviceNotification and service_handle().
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
    std::uint32_t device_type = 0;    ///< DBT_DEVTYP_…
    std::string device_class;         ///< an interface's or custom event's GUID, "{…}"
    std::string name;                 ///< an interface's or port's name
    std::vector<unsigned char> bytes; ///< the whole DEV_BROADCAST_… structure
};

/// A change of the hardware profile: DBT_….
struct HardwareProfileEvent {
    enum class Type : std::uint32_t { query_change = 0x17, changed = 0x18, change_cancelled = 0x19 };
    Type type = Type::changed;
};

/// A change of the system's time, in units of 100 ns since 1601.
struct TimeChangeEvent {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

/// A control with all that came with it, copied: Windows takes its own back when the handler returns.
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

// The Win32 errors that services deal in; the same numbers on every platform, so that the fake SCM answers as Windows.
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

// The bit that a control needs in the mask; none for those that have none.
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
