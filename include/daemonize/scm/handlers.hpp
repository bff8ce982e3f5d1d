// The application's handlers: what it wrote for a control, adapted to one form, and found again by the control.
// Uses core; ServiceCore holds a table of them, and WinService fills it.
#ifndef DAEMONIZE_SCM_HANDLERS_HPP
#define DAEMONIZE_SCM_HANDLERS_HPP

#include "../core/callback.hpp"
#include "../core/list.hpp"
#include "types.hpp"

#include <type_traits>
#include <utility>

namespace daemonize {

/// Says that a handler runs inside Windows' own call, on the dispatcher's thread, and not where the body waits: for what
/// has to be answered at once. It must be quick, and must not wait for the body: every other control waits behind it.
struct InHandler {};
constexpr InHandler in_handler{};

namespace detail {

class ServiceContext;
using ServiceCallback = Callback<std::uint32_t(ServiceContext&, const ControlEvent&)>;

// What a handler answers: what it returns, where that is a number; false is a refusal (BROADCAST_QUERY_DENY), and it can
// only be heard from a handler that runs in_handler.
template <class Call>
std::uint32_t answer_of(Call call) {
    using Result = decltype(call());
    if constexpr (std::is_void<Result>::value) {
        call();
        return win32::no_error;
    } else if constexpr (std::is_same<Result, bool>::value) {
        return call() ? win32::no_error : win32::query_deny;
    } else {
        return static_cast<std::uint32_t>(call());
    }
}

// A handler of (service, payload), (service) or (), as the one form that is stored.
template <class Payload, Payload ControlEvent::*payload, class Body>
ServiceCallback adapt_handler(Body body) {
    return [call = std::move(body)](ServiceContext& service, const ControlEvent& event) mutable {
        static_cast<void>(service); // where the handler wants neither
        static_cast<void>(event);
        if constexpr (std::is_invocable<Body&, ServiceContext&, const Payload&>::value) {
            return answer_of([&] { return call(service, std::as_const(event.*payload)); });
        } else if constexpr (std::is_invocable<Body&, ServiceContext&>::value) {
            return answer_of([&] { return call(service); });
        } else {
            return answer_of([&] { return call(); });
        }
    };
}

struct ServiceHandler {
    Control first;
    Control last;
    bool at_once; // inside Windows' call
    ServiceCallback call;
};

class HandlerTable {
  public:
    // The latest handler for a control is the one.
    void set(Control first, Control last, bool at_once, ServiceCallback call) {
        for (std::size_t i = handlers_.size(); i-- > 0;) {
            if (handlers_[i].first == first && handlers_[i].last == last) {
                handlers_.erase(i);
            }
        }
        handlers_.push_back({first, last, at_once, std::move(call)});
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
