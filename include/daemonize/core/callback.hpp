// Callback: a stored function, like C++23's std::move_only_function (public); and RetiredCallbacks (internal).
#ifndef DAEMONIZE_CORE_CALLBACK_HPP
#define DAEMONIZE_CORE_CALLBACK_HPP

#include "list.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>

namespace daemonize {

template <class Signature>
class Callback;

/// A move-only stored function. Its size is three pointers, and <functional> is not needed.
///
/// `if (callback)` is false for an empty Callback. A call of an empty Callback is undefined behaviour.
template <class Result, class... Arguments>
class Callback<Result(Arguments...)> {
  public:
    /// Is empty.
    Callback() noexcept = default;
    Callback(std::nullptr_t) noexcept {}

    /// Stores a copy of `target`, or moves `target`.
    template <
        class Target, class = std::enable_if_t<!std::is_same<std::decay_t<Target>, Callback>::value>,
        class = decltype(static_cast<Result>(std::declval<std::decay_t<Target>&>()(std::declval<Arguments>()...)))>
    Callback(Target&& target) {
        using Stored = std::decay_t<Target>;
        target_ = new Stored(std::forward<Target>(target));
        invoke_ = invoke<Stored>;
        destroy_ = destroy<Stored>;
    }

    Callback(Callback&& other) noexcept { take(other); }
    Callback& operator=(Callback&& other) noexcept {
        if (this == &other) return *this;
        Callback gone; // destroyed last: the destructor of the old target may use this Callback
        gone.take(*this);
        take(other);
        return *this;
    }
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;
    ~Callback() {
        if (target_ != nullptr) destroy_(target_);
    }

    /// Whether the Callback is not empty.
    explicit operator bool() const noexcept { return target_ != nullptr; }

    /// Calls the stored function.
    Result operator()(Arguments... arguments) const { return invoke_(target_, std::forward<Arguments>(arguments)...); }

  private:
    template <class Stored>
    static Result invoke(void* stored, Arguments... arguments) {
        return static_cast<Result>((*static_cast<Stored*>(stored))(std::forward<Arguments>(arguments)...));
    }
    template <class Stored>
    static void destroy(void* stored) noexcept {
        delete static_cast<Stored*>(stored);
    }

    void take(Callback& other) noexcept {
        target_ = other.target_;
        invoke_ = other.invoke_;
        destroy_ = other.destroy_;
        other.target_ = nullptr;
    }

    void* target_ = nullptr;
    Result (*invoke_)(void*, Arguments...) = nullptr;
    void (*destroy_)(void*) noexcept = nullptr;
};

namespace detail {

// RetiredCallbacks: a callback may replace itself while it runs. The old callback is destroyed when the outermost call
// of a callback has returned.
class RetiredCallbacks {
  public:
    // An object of this class exists during each call of a callback.
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
        if (depth_ > 0 && callback) {
            // Both allocations come before the move of the old callback, which may run now.
            callbacks_.push_back([old = Callback<Signature>(), &callback]() mutable { old = std::move(callback); });
            callbacks_[callbacks_.size() - 1]();
        }
        callback = std::move(replacement);
    }

  private:
    List<Callback<void()>> callbacks_;
    int depth_ = 0;
};

} // namespace detail
} // namespace daemonize

#endif
