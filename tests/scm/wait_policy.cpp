// WaitPolicy: waits as long as the checkpoint grows, and no longer than the wait hint otherwise.
#include <daemonize.hpp>

#include "support/catch.hpp"

using daemonize::Duration;
using daemonize::ServiceState;
using daemonize::ServiceStatus;
using daemonize::detail::WaitPolicy;
using daemonize::detail::WaitVerdict;

namespace {

ServiceStatus status(ServiceState state, std::uint32_t checkpoint = 0, int hint = 0) {
    ServiceStatus result;
    result.state = state;
    result.checkpoint = checkpoint;
    result.wait_hint = Duration::seconds(hint);
    return result;
}

Duration at(int seconds) { return Duration::seconds(seconds); }

} // namespace

TEST_CASE("a growing checkpoint is waited for, for hours") {
    WaitPolicy policy(ServiceState::running);
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(policy.look(status(ServiceState::start_pending, static_cast<std::uint32_t>(i), 20), at(20 * i)) ==
                WaitVerdict::wait);
    }
    CHECK(policy.look(status(ServiceState::running), at(20000)) == WaitVerdict::reached);
}

TEST_CASE("a checkpoint that stands still is waited for until the hint is over") {
    WaitPolicy policy(ServiceState::stopped);
    CHECK(policy.look(status(ServiceState::stop_pending, 3, 60), at(100)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::stop_pending, 3, 60), at(160)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::stop_pending, 3, 60), at(161)) == WaitVerdict::stalled);
    CHECK(policy.look(status(ServiceState::stop_pending, 4, 60), at(162)) == WaitVerdict::wait);
}

TEST_CASE("a service without a hint, or that has not left its old state yet, is given ten seconds") {
    WaitPolicy policy(ServiceState::stopped);
    CHECK(policy.look(status(ServiceState::running), at(0)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::running), at(10)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::stop_pending), at(10)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::stop_pending), at(20)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::stop_pending), at(21)) == WaitVerdict::stalled);
}

TEST_CASE("a service that ended while it was to run is not waited for") {
    WaitPolicy policy(ServiceState::running);
    CHECK(policy.look(status(ServiceState::start_pending, 1, 5), at(0)) == WaitVerdict::wait);
    CHECK(policy.look(status(ServiceState::stopped), at(1)) == WaitVerdict::ended);
}
