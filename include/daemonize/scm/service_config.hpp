// ServiceConfig: all that a service can be installed with, and what of it is wrong before Windows is asked.
// Uses service_name; ServiceManager uses it.
#ifndef DAEMONIZE_SCM_SERVICE_CONFIG_HPP
#define DAEMONIZE_SCM_SERVICE_CONFIG_HPP

#include "service_name.hpp"

#include <string>
#include <vector>

namespace daemonize {

/// When a service is started: SERVICE_AUTO_START and so on. `delayed` is automatic, some two minutes after the boot.
enum class StartType : std::uint32_t { automatic = 2, manual = 3, disabled = 4, delayed = 0x102 };

/// SERVICE_SID_TYPE_…: whether the service has a security identifier of its own.
enum class SidType : std::uint32_t { none = 0, unrestricted = 1, restricted = 3 };

/// What Windows does when a service fails: SC_ACTION_…. To install one that reboots, the program needs the privilege
/// SeShutdownPrivilege (SE_SHUTDOWN_NAME) enabled; without it install() fails at Stage::service_configure.
struct FailureAction {
    enum class Type : std::uint32_t { none = 0, restart = 1, reboot = 2, run_command = 3 };
    Type type = Type::restart;
    Duration after;
};

/// A service's configuration. What is left out is Windows' default, also when an existing service is installed again: it
/// keeps nothing of what it had. The order in which services are loaded as groups is the one thing left alone.
struct ServiceConfig {
    std::string display_name; ///< the name itself where it is empty
    std::string description;
    std::string program;                ///< this program where it is empty
    std::vector<std::string> arguments; ///< of the command line; quoting is the library's
    ServiceType type = ServiceType::own_process;
    StartType start = StartType::manual;
    std::vector<std::string> dependencies;
    std::string account; ///< LocalSystem where it is empty
    std::string password;
    std::vector<FailureAction> failure_actions;        ///< for the first failure, the second, and all later ones
    Duration failure_reset = Duration::seconds(86400); ///< without a failure for so long, counting starts again
    std::string failure_command;
    bool non_crash_failures = true; ///< an exit code that is not 0 counts as a failure too
    /// How long a service that accepts pre-shutdown may take for it. Where it is 0, a new service has Windows' default,
    /// and an existing one gets what that is since Windows 10 1703: 10 s.
    Duration preshutdown_timeout;
    SidType sid_type = SidType::none;
    std::vector<std::string> privileges; ///< the only ones it keeps; empty keeps the account's
};

namespace detail {

// Windows would end the text, or the list, there without a word.
inline bool has_zero_byte(const ServiceConfig& config) {
    const auto has = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    bool found = has(config.display_name) || has(config.description) || has(config.program) || has(config.account) ||
                 has(config.password) || has(config.failure_command);
    for (const auto* list : {&config.arguments, &config.dependencies, &config.privileges}) {
        for (const std::string& text : *list) found = found || has(text);
    }
    return found;
}

inline Failure check_service_config(const std::string& name, const ServiceConfig& config) {
    if (Failure problem = check_service_name(name)) return problem;
    const auto refuse = [&](const char* reason) {
        return Failure(Stage::options, win32_error(win32::invalid_parameter),
                       joined({"the configuration of the service ", name}), reason);
    };
    if (config.program.find('"') != std::string::npos) return refuse("the program's path has a quote");
    if (utf16_size(config.display_name) > 256) return refuse("the display name has more than 256 characters");
    for (const std::string& dependency : config.dependencies) {
        if (dependency.empty()) return refuse("a dependency has no name");
    }
    for (const std::string& privilege : config.privileges) {
        if (privilege.empty()) return refuse("a privilege has no name");
    }
    if (has_zero_byte(config)) return refuse("a text has a zero byte");
    if (config.failure_reset < Duration()) return refuse("the time without failures is negative");
    for (const FailureAction& action : config.failure_actions) {
        if (action.type == FailureAction::Type::run_command && config.failure_command.empty()) {
            return refuse("a failure is to run a command, and there is none");
        }
        if (action.after < Duration()) return refuse("a failure's delay is negative");
    }
    if (config.preshutdown_timeout < Duration()) return refuse("the pre-shutdown time-out is negative");
    return Failure();
}

} // namespace detail
} // namespace daemonize

#endif
