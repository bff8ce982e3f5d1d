// WaitPolicy: decides how long to wait for a service to reach a state (internal).
#ifndef DAEMONIZE_SCM_WAIT_POLICY_HPP
#define DAEMONIZE_SCM_WAIT_POLICY_HPP

#include "types.hpp"

namespace daemonize {
namespace detail {

enum class WaitVerdict { wait, reached, ended, stalled };

// The caller passes each status that it queries to look(). The service counts as stalled if neither its state nor its
// checkpoint changes within the wait hint. A hint below `least` counts as `least`: many services give no hint, and some
// services need a moment to leave the old state.
class WaitPolicy {
  public:
    explicit WaitPolicy(ServiceState goal, Duration least = Duration::seconds(10)) noexcept
        : goal_(goal), least_(least) {}

    WaitVerdict look(const ServiceStatus& status, Duration now) noexcept {
        if (status.state == goal_) return WaitVerdict::reached;
        if (status.state == ServiceState::stopped) return WaitVerdict::ended;
        if (is_first_ || status.state != state_ || status.checkpoint != checkpoint_) {
            is_first_ = false;
            state_ = status.state;
            checkpoint_ = status.checkpoint;
            since_ = now;
        }
        const Duration patience = status.wait_hint > least_ ? status.wait_hint : least_;
        return now > since_ + patience ? WaitVerdict::stalled : WaitVerdict::wait;
    }

  private:
    ServiceState goal_;
    Duration least_;
    ServiceState state_ = ServiceState::stopped;
    std::uint32_t checkpoint_ = 0;
    Duration since_;
    bool is_first_ = true;
};

} // namespace detail
} // namespace daemonize

#endif
