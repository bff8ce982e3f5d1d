// ServiceRun: what a running service is made of on every host alike, and a reload of it.
// Uses core; the Context of each platform stands on it.
#ifndef DAEMONIZE_SERVICE_CALLBACKS_HPP
#define DAEMONIZE_SERVICE_CALLBACKS_HPP

#include "../core/retired_callbacks.hpp"
#include "settings.hpp"

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
        const RetiredCallbacks::Call running(retired_);
        std::string why;
        bool done = true;
        if (on_reload && !call_guarded([&] { done = on_reload(why); }, why)) done = false;
        if (done) return {};
        return joined({"cannot use the new configuration: ", why.empty() ? no_reason : why});
    }

    // Calls one of those below, where it is set.
    void call(const Callback<void()>& callback) {
        const RetiredCallbacks::Call running(retired_);
        if (callback) callback();
    }

    // Sets one of those below, also while it runs.
    template <class Signature>
    void set(Callback<Signature>& place, Callback<Signature> callback) {
        retired_.replace(place, std::move(callback));
    }

    const ServiceSettings& settings;
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
