// ServiceConfig: the configuration of an installed Windows service (public), and its check (internal).
#ifndef DAEMONIZE_SCM_SERVICE_CONFIG_HPP
#define DAEMONIZE_SCM_SERVICE_CONFIG_HPP

#include "../core/parameters.hpp"
#include "service_name.hpp"

#include <string>
#include <vector>

namespace daemonize {

/// The start of a service: SERVICE_AUTO_START and so on. `delayed` starts the service some two minutes after the boot.
enum class StartType : std::uint32_t { automatic = 2, manual = 3, disabled = 4, delayed = 0x102 };

/// The security identifier of a service: SERVICE_SID_TYPE_....
enum class SidType : std::uint32_t { none = 0, unrestricted = 1, restricted = 3 };

/// The reaction of Windows to a failed service: SC_ACTION_.... An installation with Type::reboot needs the privilege
/// SeShutdownPrivilege (SE_SHUTDOWN_NAME), enabled; without the privilege install() fails at Stage::service_configure.
struct FailureAction {
    enum class Type : std::uint32_t { none = 0, restart = 1, reboot = 2, run_command = 3 };
    Type type = Type::restart;
    Duration after; ///< the delay before the action
};

/// The configuration of a service. A member that is left at its default value stands for the default of Windows, also
/// when install() changes an existing service: nothing of the old configuration stays, except the load order group.
struct ServiceConfig {
    Text display_name;                  ///< default: the name of the service
    Text description;                   ///< default: no description
    Text program;                       ///< the path of the executable; default: this program
    std::vector<std::string> arguments; ///< of the command line; install() quotes them
    ServiceType type = ServiceType::own_process;
    StartType start = StartType::manual;
    std::vector<std::string> dependencies; ///< the names of the services that have to run before this service
    Text account;                          ///< default: LocalSystem
    Text password;
    std::vector<FailureAction> failure_actions;        ///< for the first failure, the second, and all later ones
    Duration failure_reset = Duration::seconds(86400); ///< the count of failures starts again after this time
    Text failure_command;                              ///< of FailureAction::Type::run_command
    bool non_crash_failures = true;                    ///< a stop with an exit code other than 0 is a failure too
    /// The time that a shutdown leaves a service that accepts preshutdown. 0 is the default: a new service gets the
    /// default of Windows, and an existing service gets 10 s (the default since Windows 10, version 1703).
    Duration preshutdown_timeout;
    SidType sid_type = SidType::none;
    std::vector<std::string> privileges; ///< the privileges to keep; default: all privileges of the account
};

namespace detail {

// Windows would cut a text or a list at a zero byte, and report nothing.
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
    if (config.program.find('"') != std::string::npos) return refuse("the path of the program has a quotation mark");
    if (utf16_size(config.display_name) > 256) return refuse("the display name has more than 256 characters");
    for (const std::string& dependency : config.dependencies) {
        if (dependency.empty()) return refuse("the name of a dependency is empty");
    }
    for (const std::string& privilege : config.privileges) {
        if (privilege.empty()) return refuse("the name of a privilege is empty");
    }
    if (has_zero_byte(config)) return refuse("a text has a zero byte");
    if (config.failure_reset < Duration()) return refuse("failure_reset is negative");
    if (config.failure_reset != Duration() && config.failure_reset.seconds() == 0) {
        return refuse("failure_reset is shorter than a second, and Windows counts seconds");
    }
    for (const FailureAction& action : config.failure_actions) {
        if (action.type == FailureAction::Type::run_command && config.failure_command.empty()) {
            return refuse("a failure action runs a command, and failure_command is empty");
        }
        if (action.after < Duration()) return refuse("the delay of a failure action is negative");
    }
    if (config.preshutdown_timeout < Duration()) return refuse("preshutdown_timeout is negative");
    return Failure();
}

} // namespace detail
} // namespace daemonize

#endif
