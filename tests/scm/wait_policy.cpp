// Waiting for a service: as long as its checkpoint grows, and no longer than its hint without.
#include <daemonize.hpp>

#include "support/catch.hpp"

using daemonize::Duration;
using daemonize::ServiceState;
using daemonize::ServiceStatus;
using daemonize::detail::PendingWatch;
using daemonize::detail::WatchVerdict;

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
    PendingWatch watch(ServiceState::running);
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(watch.look(status(ServiceState::start_pending, static_cast<std::uint32_t>(i), 20), at(20 * i)) ==
                WatchVerdict::wait);
    }
    CHECK(watch.look(status(ServiceState::running), at(20000)) == WatchVerdict::reached);
}

TEST_CASE("a checkpoint that stands still is waited for until the hint is over") {
    PendingWatch watch(ServiceState::stopped);
    CHECK(watch.look(status(ServiceState::stop_pending, 3, 60), at(100)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::stop_pending, 3, 60), at(160)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::stop_pending, 3, 60), at(161)) == WatchVerdict::stalled);
    CHECK(watch.look(status(ServiceState::stop_pending, 4, 60), at(162)) == WatchVerdict::wait);
}

TEST_CASE("a service without a hint, or that has not left its old state yet, is given ten seconds") {
    PendingWatch watch(ServiceState::stopped);
    CHECK(watch.look(status(ServiceState::running), at(0)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::running), at(10)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::stop_pending), at(10)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::stop_pending), at(20)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::stop_pending), at(21)) == WatchVerdict::stalled);
}

TEST_CASE("a service that ended while it was to run is not waited for") {
    PendingWatch watch(ServiceState::running);
    CHECK(watch.look(status(ServiceState::start_pending, 1, 5), at(0)) == WatchVerdict::wait);
    CHECK(watch.look(status(ServiceState::stopped), at(1)) == WatchVerdict::ended);
}
