// ContextEvents: the result of Context::events(), for further signals and for children (public).
#ifndef DAEMONIZE_POSIX_SERVICE_CONTEXT_EVENTS_HPP
#define DAEMONIZE_POSIX_SERVICE_CONTEXT_EVENTS_HPP

#include "../events/events.hpp"

#include <csignal>
#include <string>
#include <utility>

namespace daemonize {

/// Registers callbacks for further signals and for children of a running service. The callbacks run when the body
/// sleeps, waits or polls, like the callbacks of Context. Only the thread of the body may call the functions. Fails at
/// Stage::events.
class ContextEvents {
  public:
    /// Called by the library: Context::events().
    explicit ContextEvents(Events& events) noexcept : events_(events) {}

    /// Calls `f()` on a signal; see Events::on(). SIGHUP, SIGUSR1, SIGTSTP and SIGCONT are refused:
    /// Context::on_reload(), on_reopen_logs(), on_pause() and on_continue() handle them.
    template <class F>
    [[nodiscard]] bool on(int signal, F f, Failure& failure) noexcept {
        return detail::guard_memory(Stage::events, failure, [&] {
            const char* const reason = refusal(signal);
            if (reason == nullptr) return events_.on(signal, std::move(f), failure);
            failure = detail::posix_failure(Stage::events, EINVAL, detail::joined({"(signal ", signal, ")"}), reason);
            return false;
        });
    }

    /// Calls `f(wait_status)` once, when the child has ended; see Events::on_child().
    template <class F>
    [[nodiscard]] bool on_child(pid_t pid, F f, Failure& failure) noexcept {
        return events_.on_child(pid, std::move(f), failure);
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; they throw Error.
    template <class F>
    ContextEvents& on(int signal, F f) {
        Failure failure;
        detail::throw_unless(on(signal, std::move(f), failure), failure);
        return *this;
    }
    template <class F>
    ContextEvents& on_child(pid_t pid, F f) {
        Failure failure;
        detail::throw_unless(on_child(pid, std::move(f), failure), failure);
        return *this;
    }
#endif

  private:
    static const char* refusal(int signal) noexcept {
        switch (signal) {
        case SIGHUP: return "Context::on_reload() handles it";
        case SIGUSR1: return "Context::on_reopen_logs() handles it";
        case SIGTSTP: return "Context::on_pause() handles it";
        case SIGCONT: return "Context::on_continue() handles it";
        default: return nullptr;
        }
    }

    Events& events_;
};

} // namespace daemonize

#endif
