// RunningServiceBase: settings, host, arguments and callbacks of a running service, on every platform (internal).
#ifndef DAEMONIZE_SERVICE_CALLBACKS_HPP
#define DAEMONIZE_SERVICE_CALLBACKS_HPP

#include "../core/callback.hpp"
#include "settings.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace detail {

struct RunningServiceBase {
    RunningServiceBase(const ServiceSettings& service_settings, Host service_host)
        : settings(service_settings), name(service_settings.full_name()), host(std::move(service_host)) {}

    // Calls on_reload. Returns the error as a text, or an empty string.
    std::string reload() {
        const RetiredCallbacks::Call running(retired_);
        std::string why;
        bool done = true;
        if (on_reload && !call_guarded([&] { done = on_reload(why); }, why)) done = false;
        if (done) return {};
        return joined({"cannot use the new configuration: ", why.empty() ? no_why : why});
    }

    // Calls a callback, if it is set.
    void call(const Callback<void()>& callback) {
        const RetiredCallbacks::Call running(retired_);
        if (callback) callback();
    }

    // Sets a callback. A callback may replace itself while it runs.
    template <class Signature>
    void set(Callback<Signature>& place, Callback<Signature> callback) {
        retired_.replace(place, std::move(callback));
    }

    const ServiceSettings& settings;
    const std::string name;
    Host host;
    std::vector<std::string> arguments;
    Callback<bool(std::string&)> on_reload;
    Callback<void()> on_reopen_logs;
    Callback<void()> on_pause;
    Callback<void()> on_continue;

  private:
    RetiredCallbacks retired_;
};

} // namespace detail
} // namespace daemonize

#endif
