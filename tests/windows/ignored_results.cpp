// Each marked line ignores a result that a program has to look at: the compiler must warn. Compiled by
// ignored_results.sh.
#include <daemonize.hpp>

using namespace daemonize;

void ignore_results(const ServiceManager& manager, WinService& service, WinService::Context& context) {
    Failure failure;
    manager.install(ServiceConfig(), failure);                              // ignored
    manager.uninstall(failure);                                             // ignored
    manager.uninstall(Duration::seconds(1), failure);                       // ignored
    manager.start({}, failure);                                             // ignored
    manager.stop(failure);                                                  // ignored
    manager.restart({}, failure);                                           // ignored
    manager.pause(failure);                                                 // ignored
    manager.resume(failure);                                                // ignored
    manager.control(130u, failure);                                         // ignored
    manager.control(Control::interrogate, failure);                         // ignored
    manager.status(failure);                                                // ignored
    manager.status();                                                       // ignored
    manager.wait_for(ServiceState::running, failure);                       // ignored
    manager.wait_for(ServiceState::running, Duration::seconds(1), failure); // ignored
    manager.exists(failure);                                                // ignored
    manager.exists();                                                       // ignored
    listen_on("web", "80", failure);                                        // ignored
    listen_on("web", "80");                                                 // ignored
    Socket().release();                                                     // ignored
    context.fail("no reason");                                              // ignored
    service.run();                                                          // ignored
    service.run([] {});                                                     // ignored
    run_services(service);                                                  // ignored
}
