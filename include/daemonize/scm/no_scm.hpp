// run_on_host() on a system without an SCM: WinService::run() prints a failure (internal).
#ifndef DAEMONIZE_SCM_NO_SCM_HPP
#define DAEMONIZE_SCM_NO_SCM_HPP

#include "win_service.hpp"

#include <cstdio>

namespace daemonize {
namespace detail {

inline int run_on_host(ServiceCore* const* services, std::size_t count, RunMode) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const Failure problem(Stage::dispatcher, std::make_error_code(std::errc::function_not_supported),
                              joined({"the service ", services[i]->name}),
                              "this system has no service control manager");
        std::fprintf(stderr, "%s: %s\n", services[i]->name.c_str(), problem.message().c_str());
    }
    return daemonize::exit_code(Stage::dispatcher);
}

} // namespace detail
} // namespace daemonize

#endif
