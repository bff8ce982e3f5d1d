// The callbacks of the application for controls (internal), and in_handler, which selects their thread (public).
#ifndef DAEMONIZE_SCM_APPLICATION_CALLBACKS_HPP
#define DAEMONIZE_SCM_APPLICATION_CALLBACKS_HPP

#include "../core/callback.hpp"
#include "../core/list.hpp"
#include "types.hpp"

#include <type_traits>
#include <utility>

namespace daemonize {

/// The type of in_handler.
struct InHandler {};

/// Selects the form of a handler that runs inside the control handler of Windows (HandlerEx), on the thread of the
/// dispatcher, for a control that needs an answer at once. Such a handler must return quickly and must not wait for the
/// body: Windows delivers no other control in the meantime.
constexpr InHandler in_handler{};

class WinServiceContext;

namespace detail {

using ServiceCallback = Callback<std::uint32_t(WinServiceContext&, const ControlEvent&)>;

// The answer of a handler to Windows: a number as it is, false as BROADCAST_QUERY_DENY, true and void as NO_ERROR.
// Windows gets only the answer of a handler with in_handler.
template <class Call>
std::uint32_t answer_of(Call call) {
    using Result = decltype(call());
    if constexpr (std::is_void<Result>::value) {
        call();
        return win32::no_error;
    } else if constexpr (std::is_same<Result, bool>::value) {
        return call() ? win32::no_error : win32::query_deny;
    } else {
        static_assert(std::is_integral<Result>::value, "a handler returns void, bool, or a Win32 error");
        return static_cast<std::uint32_t>(call());
    }
}

// Converts a handler that takes (service, payload), (service) or () into a ServiceCallback.
template <class Payload, Payload ControlEvent::*payload, class Body>
ServiceCallback adapt_handler(Body body) {
    return [call = std::move(body)](WinServiceContext& service, const ControlEvent& event) mutable {
        static_cast<void>(service); // unused if the handler takes ()
        static_cast<void>(event);
        if constexpr (std::is_invocable<Body&, WinServiceContext&, const Payload&>::value) {
            return answer_of([&] { return call(service, std::as_const(event.*payload)); });
        } else if constexpr (std::is_invocable<Body&, WinServiceContext&>::value) {
            return answer_of([&] { return call(service); });
        } else {
            return answer_of([&] { return call(); });
        }
    };
}

struct ServiceHandler {
    Control first;
    Control last;
    bool immediate; // runs inside HandlerEx: in_handler
    ServiceCallback call;
};

class HandlerTable {
  public:
    // A second handler for the same controls replaces the first one.
    void set(Control first, Control last, bool immediate, ServiceCallback call) {
        for (std::size_t i = handlers_.size(); i-- > 0;) {
            if (handlers_[i].first == first && handlers_[i].last == last) {
                handlers_.erase(i);
            }
        }
        handlers_.push_back({first, last, immediate, std::move(call)});
    }

    const ServiceHandler* find(Control control) const noexcept {
        for (const ServiceHandler& handler : handlers_) {
            if (control >= handler.first && control <= handler.last) return &handler;
        }
        return nullptr;
    }

  private:
    List<ServiceHandler> handlers_;
};

} // namespace detail
} // namespace daemonize

#endif
