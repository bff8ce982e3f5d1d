// ServiceSettings: the values that the setters of Service store, on every platform (internal).
#ifndef DAEMONIZE_SERVICE_SETTINGS_HPP
#define DAEMONIZE_SERVICE_SETTINGS_HPP

#include "../core/callback.hpp"
#include "../core/duration.hpp"
#include "../core/failure.hpp"
#include "../core/host.hpp"
#include "../core/invoke.hpp"
#include "../core/list.hpp"

#include <optional>
#include <string>
#include <vector>

namespace daemonize {
namespace detail {

struct ListenSetting {
    std::string name;
    std::string address;
};

struct ServiceSettings {
    std::string name;
    std::string instance;
    std::string description;
    bool background = false;
    std::optional<HostKind> host; // empty: detect_host() finds it
    List<ListenSetting> listen;
    std::optional<int> notify_fd;
    Duration stop_timeout = Duration::seconds(30);
    Callback<bool(const std::vector<std::string>&, std::string&)> check;

    // The name of files, of units and in logs: NAME, or NAME@INSTANCE.
    std::string full_name() const { return joined({name, instance.empty() ? "" : "@", instance}); }

    // Refuses invalid values, at Stage::options.
    Failure check_values() const {
        const auto refuse = [](const char* setter, const char* reason) {
            return Failure(Stage::options, std::make_error_code(std::errc::invalid_argument), setter, reason);
        };
        if (stop_timeout < Duration()) return refuse("stop_timeout()", "the time is negative");
        if (notify_fd && *notify_fd < 0) return refuse("notify_fd()", "the descriptor is negative");
        if (!host) return Failure();
        for (const HostKind kind : all_host_kinds) {
            if (kind == *host) return Failure();
        }
        return refuse("host()", "no enumerator has this value");
    }

    // Calls the function of on_check_configuration(). If that function throws, the configuration is refused.
    Failure check_configuration(const std::vector<std::string>& arguments) {
        if (!check) return Failure();
        std::string why;
        bool is_accepted = false;
        if (call_guarded([&] { is_accepted = check(arguments, why); }, why) && is_accepted) return Failure();
        return Failure(Stage::configuration, std::make_error_code(std::errc::invalid_argument), "",
                       why.empty() ? no_why : why);
    }
};

// The host that Service::host() set.
inline Host host_of_program(HostKind kind) { return {kind, "Service::host() names it"}; }

} // namespace detail
} // namespace daemonize

#endif
