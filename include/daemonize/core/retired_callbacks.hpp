// RetiredCallbacks: keeps a callback that is replaced while it runs (internal).
#ifndef DAEMONIZE_CORE_RETIRED_CALLBACKS_HPP
#define DAEMONIZE_CORE_RETIRED_CALLBACKS_HPP

#include "callback.hpp"
#include "list.hpp"

#include <utility>

namespace daemonize {
namespace detail {

// A callback may replace itself. The old one is destroyed when the outermost call of a callback has returned.
class RetiredCallbacks {
  public:
    // Lives around each call of a callback.
    class Call {
      public:
        explicit Call(RetiredCallbacks& retired) noexcept : retired_(retired) { ++retired_.depth_; }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() {
            if (--retired_.depth_ == 0) retired_.callbacks_.clear();
        }

      private:
        RetiredCallbacks& retired_;
    };

    template <class Signature>
    void replace(Callback<Signature>& callback, Callback<Signature> replacement) {
        if (depth_ > 0) callbacks_.push_back([old = std::move(callback)] { static_cast<void>(old); });
        callback = std::move(replacement);
    }

  private:
    List<Callback<void()>> callbacks_;
    int depth_ = 0;
};

} // namespace detail
} // namespace daemonize

#endif
