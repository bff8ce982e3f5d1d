// windows_service(): a Service as a WinService for FakeScm, on Windows only (public, with DAEMONIZE_TESTING).
#ifndef DAEMONIZE_TESTING_WINDOWS_SERVICE_HPP
#define DAEMONIZE_TESTING_WINDOWS_SERVICE_HPP

#include "../service.hpp"

#include <string>
#include <utility>
#include <vector>

namespace daemonize {
namespace testing {

/// The WinService that the SCM would start for this Service, with this body and these arguments in its command line.
/// `service` must outlive the result:
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
