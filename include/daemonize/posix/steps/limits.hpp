// Resource limits: their names, and setting them.
// Uses options; the launch uses it.
#ifndef DAEMONIZE_POSIX_STEPS_LIMITS_HPP
#define DAEMONIZE_POSIX_STEPS_LIMITS_HPP

#include "../launch/options.hpp"
#include "../system/step_error.hpp"

#include <sys/resource.h>

namespace daemonize {
namespace detail {

struct LimitName {
    int resource;
    const char* name;
};

constexpr LimitName limit_names[] = {
    {RLIMIT_CORE, "RLIMIT_CORE"},       {RLIMIT_CPU, "RLIMIT_CPU"},     {RLIMIT_DATA, "RLIMIT_DATA"},
    {RLIMIT_FSIZE, "RLIMIT_FSIZE"},     {RLIMIT_STACK, "RLIMIT_STACK"}, {RLIMIT_AS, "RLIMIT_AS"},
#if defined(RLIMIT_NPROC)
    {RLIMIT_NPROC, "RLIMIT_NPROC"},
#endif
#if defined(RLIMIT_MEMLOCK)
    {RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK"},
#endif
    {RLIMIT_NOFILE, "RLIMIT_NOFILE"},
};

inline const char* limit_name(int resource) noexcept {
    for (const LimitName& known : limit_names) {
        if (known.resource == resource) return known.name;
    }
    return "of a resource that is not POSIX's";
}

inline StepError set_limits(const Options& options) noexcept {
    for (const LimitOption& limit : options.limits) {
        const struct rlimit wanted = {limit.soft, limit.hard};
        if (DAEMONIZE_SYSTEM(setrlimit)(limit.resource, &wanted) != 0) {
            return step_error(Stage::limits, errno, limit_name(limit.resource));
        }
    }
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
