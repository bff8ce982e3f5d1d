// A body of a Windows service that is ready and waits for a stop.
#ifndef DAEMONIZE_TESTS_SUPPORT_SERVE_HPP
#define DAEMONIZE_TESTS_SUPPORT_SERVE_HPP

#include <daemonize.hpp>

namespace test {

inline int serve(daemonize::WinService::Context& context) {
    context.ready();
    context.wait_for_stop();
    return 0;
}

} // namespace test

#endif
