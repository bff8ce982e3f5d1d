// ServiceRun: what a running service is made of on every host alike, and a reload of it.
// Uses core; the Context of each platform stands on it.
#ifndef DAEMONIZE_SERVICE_CALLBACKS_HPP
#define DAEMONIZE_SERVICE_CALLBACKS_HPP

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
        const Turn turn(*this);
        std::string why;
        bool done = true;
        if (on_reload && !call_guarded([&] { done = on_reload(why); }, why)) done = false;
        if (done) return {};
        return joined({"cannot use the new configuration: ", why.empty() ? no_reason : why});
    }

    // Calls one of those below, where it is set.
    void call(const Callback<void()>& callback) {
        const Turn turn(*this);
        if (callback) callback();
    }

    // Sets one of those below. One that replaces itself goes on running: it goes when the outermost call returns.
    template <class Signature>
    void set(Callback<Signature>& place, Callback<Signature> callback) {
        if (depth_ > 0) retired_.push_back([old = std::move(place)] { static_cast<void>(old); });
        place = std::move(callback);
    }

    const ServiceSettings& settings;
    Host host;
    std::vector<std::string> arguments;
    Callback<bool(std::string&)> on_reload;
    Callback<void()> on_reopen_logs;
    Callback<void()> on_pause;
    Callback<void()> on_continue;

  private:
    struct Turn {
        explicit Turn(ServiceRun& its_run) noexcept : run(its_run) { ++run.depth_; }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            if (--run.depth_ == 0) run.retired_.clear();
        }
        ServiceRun& run;
    };

    List<Callback<void()>> retired_;
    int depth_ = 0;
};

} // namespace detail
} // namespace daemonize

#endif
