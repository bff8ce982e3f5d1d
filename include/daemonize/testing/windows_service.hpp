// A Service below FakeScm: what Windows would run of it, without Windows' SCM. On Windows alone: elsewhere a Service is what
// its own system runs.
// Uses service and win_service; part of <daemonize.hpp> where DAEMONIZE_TESTING is defined before the include.
#ifndef DAEMONIZE_TESTING_WINDOWS_SERVICE_HPP
#define DAEMONIZE_TESTING_WINDOWS_SERVICE_HPP

#include "../service.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace testing {

/// The service as the SCM would start it, with this body, and these arguments in its command line. It must outlive what
/// is returned:
///
///     daemonize::Service service("timestampd");
///     daemonize::testing::FakeScm scm(daemonize::testing::windows_service(service, run, {"--config", "bad.conf"}));
///     scm.start();
///     scm.shut_down();
template <class Body>
WinService& windows_service(Service& service, Body body, std::vector<std::string> arguments) {
    const Host host = {HostKind::windows_scm, "a test says so"};
    service.host_.prepare(service.settings_, Service::adapt(std::move(body)), std::move(arguments), host);
    return service.host_.service;
}

} // namespace testing
} // namespace daemonize

#endif
