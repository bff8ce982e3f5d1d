// ServiceRun: what a running service is made of on every host alike, and a reload of it.
// Uses core; the Context of each platform stands on it.
#ifndef DAEMONIZE_CORE_SERVICE_RUN_HPP
#define DAEMONIZE_CORE_SERVICE_RUN_HPP

#include "service_settings.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

struct ServiceRun {
    ServiceRun(const ServiceSettings& its_settings, Host its_host)
        : settings(its_settings), host(std::move(its_host)) {}

    // Has the body read its configuration again. What is wrong with the new one; empty where it is in use.
    std::string reload() {
        std::string why;
        bool done = true;
        if (on_reload && !call_guarded([&] { done = on_reload(why); }, why)) done = false;
        if (done) return {};
        return "cannot use the new configuration: " + (why.empty() ? "it did not say why" : why);
    }

    const ServiceSettings& settings;
    Host host;
    std::vector<std::string> arguments;
    Callback<bool(std::string&)> on_reload;
    Callback<void()> on_reopen_logs;
    Callback<void()> on_pause;
    Callback<void()> on_continue;
};

} // namespace detail
} // namespace daemonize

#endif
