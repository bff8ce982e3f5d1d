// PendingWatch: whether to go on waiting for a service. A growing checkpoint is life; a fixed time-out is not.
// Uses service_types; ServiceManager uses it.
#ifndef DAEMONIZE_SCM_WAIT_POLICY_HPP
#define DAEMONIZE_SCM_WAIT_POLICY_HPP

#include "types.hpp"

namespace daemonize {
namespace detail {

enum class WatchVerdict { wait, reached, ended, stalled };

// Shown a status again and again. A service has its hint to show a new checkpoint or another state, and never less than
// `least`: many give no hint, and some take a moment to leave the old state.
class PendingWatch {
  public:
    explicit PendingWatch(ServiceState goal, Duration least = Duration::seconds(10)) noexcept
        : goal_(goal), least_(least) {}

    WatchVerdict look(const ServiceStatus& status, Duration now) noexcept {
        if (status.state == goal_) return WatchVerdict::reached;
        if (status.state == ServiceState::stopped) return WatchVerdict::ended;
        if (fresh_ || status.state != state_ || status.checkpoint != checkpoint_) {
            fresh_ = false;
            state_ = status.state;
            checkpoint_ = status.checkpoint;
            since_ = now;
        }
        const Duration patience = status.wait_hint > least_ ? status.wait_hint : least_;
        return now > since_ + patience ? WatchVerdict::stalled : WatchVerdict::wait;
    }

  private:
    ServiceState goal_;
    Duration least_;
    ServiceState state_ = ServiceState::stopped;
    std::uint32_t checkpoint_ = 0;
    Duration since_;
    bool fresh_ = true;
};

} // namespace detail
} // namespace daemonize

#endif
