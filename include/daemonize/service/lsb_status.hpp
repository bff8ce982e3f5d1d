// The exit statuses of the verbs, by the Linux Standard Base, "Init Script Actions" (internal).
#ifndef DAEMONIZE_SERVICE_LSB_STATUS_HPP
#define DAEMONIZE_SERVICE_LSB_STATUS_HPP

#include "../core/failure.hpp"

namespace daemonize {
namespace detail {

namespace lsb {
constexpr int success = 0;
constexpr int failed = 1;
constexpr int wrong_arguments = 2;
constexpr int no_rights = 4;
constexpr int not_installed = 5;
constexpr int not_configured = 6;
constexpr int not_running = 7;
// These are exit statuses of the verb status only.
constexpr int status_dead = 1;
constexpr int status_not_running = 3;
constexpr int status_unknown = 4;
} // namespace lsb

// The exit status of a verb that failed with `failure`.
inline int lsb_code(const Failure& failure) noexcept {
    if (!failure) return lsb::success;
    if (failure.code() == std::errc::not_enough_memory) return lsb::failed; // at every stage
    const bool refused =
        failure.code() == std::errc::permission_denied || failure.code() == std::errc::operation_not_permitted;
    if (refused) return lsb::no_rights;
    if (failure.stage() == Stage::configuration) return lsb::not_configured;
    if (failure.stage() == Stage::service_open) return lsb::not_installed;
    const bool not_running = failure.stage() == Stage::instance && failure.code() == std::errc::no_such_process;
    return not_running ? lsb::not_running : lsb::failed;
}

} // namespace detail
} // namespace daemonize

#endif
