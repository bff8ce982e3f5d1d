// ServiceSettings: what was asked of a Service on every host alike, word for word.
// Uses core; Service and its hosts use it.
#ifndef DAEMONIZE_SERVICE_SETTINGS_HPP
#define DAEMONIZE_SERVICE_SETTINGS_HPP

#include "../core/callback.hpp"
#include "../core/duration.hpp"
#include "../core/failure.hpp"
#include "../core/host.hpp"
#include "../core/invoke.hpp"
#include "../core/list.hpp"

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
    bool is_host_given = false;
    HostKind host = HostKind::unknown;
    List<ListenSetting> listen;
    int notify_fd = -1;
    Duration stop_timeout = Duration::seconds(30);
    Callback<bool(const std::vector<std::string>&, std::string&)> check;

    // The name that tells this service from all others: of files, of units, in logs.
    std::string full_name() const { return joined({name, instance.empty() ? "" : "@", instance}); }

    // Asks on_check_configuration(), where there is one, whether the configuration will do.
    Failure check_configuration(const std::vector<std::string>& arguments) {
        std::string why;
        bool accepted = !check;
        // What throws has not accepted.
        if (check) static_cast<void>(call_guarded([&] { accepted = check(arguments, why); }, why));
        if (accepted) return Failure();
        return Failure(Stage::configuration, std::make_error_code(std::errc::invalid_argument), "",
                       why.empty() ? no_reason : why);
    }
};

} // namespace detail
} // namespace daemonize

#endif
