// Atomic: a value that threads and signal handlers share. What std::atomic does, by the operations that compilers for POSIX
// have for it: to read the header <atomic> costs each program a tenth of what it takes to compile an empty one.
// Uses nothing; taken_signals uses it.
#ifndef DAEMONIZE_POSIX_SYSTEM_ATOMIC_HPP
#define DAEMONIZE_POSIX_SYSTEM_ATOMIC_HPP

namespace daemonize {
namespace detail {

template <class Value>
class Atomic {
  public:
    constexpr Atomic() noexcept = default;
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    Value load() const noexcept { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
    void store(Value value) noexcept { __atomic_store_n(&value_, value, __ATOMIC_SEQ_CST); }
    Value exchange(Value value) noexcept { return __atomic_exchange_n(&value_, value, __ATOMIC_SEQ_CST); }
    void add(Value value) noexcept { __atomic_fetch_add(&value_, value, __ATOMIC_SEQ_CST); }

    // Whether it was nothing yet, and is `value` now.
    bool set(Value value) noexcept {
        Value nothing{};
        return __atomic_compare_exchange_n(&value_, &nothing, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }

  private:
    Value value_{};
};

} // namespace detail
} // namespace daemonize

#endif
