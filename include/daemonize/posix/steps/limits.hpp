// Resource limits: names, the check before the fork, and the call of setrlimit(2) (internal).
#ifndef DAEMONIZE_POSIX_STEPS_LIMITS_HPP
#define DAEMONIZE_POSIX_STEPS_LIMITS_HPP

#include "../../core/list.hpp"
#include "../system/step_error.hpp"

#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace daemonize {
namespace detail {

#if defined(__GLIBC__)
using RlimitResource = __rlimit_resource_t;
#else
using RlimitResource = int;
#endif

// The arguments of Daemonizer::rlimit().
struct LimitOption {
    RlimitResource resource;
    rlim_t soft;
    rlim_t hard;
};

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

// Returns the name of a resource. The text for an unknown resource continues a message.
inline const char* limit_name(int resource) noexcept {
    for (const LimitName& known : limit_names) {
        if (known.resource == resource) return known.name;
    }
    return "of a resource that is not POSIX's";
}

// Adds a failure for each limit that setrlimit(2) would refuse.
inline void check_limits(const List<LimitOption>& limits, std::vector<Failure>& problems) {
    for (const LimitOption& limit : limits) {
        struct rlimit now;
        const std::string what = joined({"rlimit(", limit_name(limit.resource), ")"});
        const auto problem = [&](Stage stage, int error, std::string_view reason) {
            problems.push_back(posix_failure(stage, error, what, reason));
        };
        if (DAEMONIZE_SYSTEM(getrlimit)(limit.resource, &now) != 0) {
            problem(Stage::options, errno, "");
        } else if (limit.soft > limit.hard) {
            problem(Stage::options, EINVAL, "the soft limit is above the hard one");
        } else if (limit.hard > now.rlim_max && geteuid() != 0) {
            problem(Stage::limits, EPERM, "only root may raise the hard limit");
        }
    }
}

inline StepError set_limits(const List<LimitOption>& limits) noexcept {
    for (const LimitOption& limit : limits) {
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
