// Results that a program must hold or ask for: ignored_results.sh checks that the compiler warns about each line
// `warns`.
#include <daemonize.hpp>

int main() {
    daemonize::Failure failure;
    const auto second = daemonize::Duration::seconds(1);
    const auto nothing = [] {};
    const auto no_status = [](int) {};

    daemonize::PidFile::acquire("p");                // warns
    daemonize::PidFile::acquire("p", failure);       // warns
    daemonize::PidFile::acquire("p", 0640, failure); // warns
    daemonize::PidFile::holder("p");                 // warns
    daemonize::PidFile::holder("p", failure);        // warns
    daemonize::Instance::at("p");                    // warns
    const daemonize::Instance instance = daemonize::Instance::at("p");
    instance.status();                                          // warns
    instance.status(failure);                                   // warns
    instance.signal(1, failure);                                // warns
    instance.reload(failure);                                   // warns
    instance.stop(second, daemonize::OnTimeout::kill, failure); // warns
    instance.wait(second, failure);                             // warns

    instance.signal(1);
    instance.reload();
    instance.stop();
    instance.wait(); // warns

    daemonize::Service("s").run(nothing);             // warns
    daemonize::Service("s").run(0, nullptr, nothing); // warns
    daemonize::Events{};                              // warns
    daemonize::Events{failure};                       // warns
    daemonize::Socket(3, "x");                        // warns

    daemonize::Daemonizer daemonizer("d");
    daemonizer.launch();        // warns
    daemonizer.launch(nothing); // warns
    daemonizer.check();         // warns
    daemonizer.explain();       // warns

    daemonize::listen_fds();                     // warns
    daemonize::listen_fds(failure);              // warns
    daemonize::launchd_sockets("name");          // warns
    daemonize::launchd_sockets("name", failure); // warns
    daemonize::inetd_socket();                   // warns
    daemonize::inetd_socket(failure);            // warns
    daemonize::listen_on("name", "80");          // warns
    daemonize::listen_on("name", "80", failure); // warns
    daemonize::Socket().release();               // warns
    daemonize::detect_host();                    // warns
    daemonize::detect_host(failure);             // warns

    daemonize::Events events(failure);
    events.on(1, nothing, failure);         // warns
    events.on_child(1, no_status, failure); // warns
    daemonize::ContextEvents further(events);
    further.on(1, nothing, failure);         // warns
    further.on_child(1, no_status, failure); // warns
    events.on(1, nothing);
    events.on_child(1, no_status);

    daemonize::Notifier::from_environment(); // warns
    daemonize::Notifier notifier = daemonize::Notifier::from_environment(failure);
    notifier.ready(failure);            // warns
    notifier.status("up", failure);     // warns
    notifier.watchdog(failure);         // warns
    notifier.store(1, "name", failure); // warns
    notifier.barrier(second, failure);  // warns
    notifier.send("READY=1", failure);  // warns
    notifier.ready();
    notifier.try_ready();

    const daemonize::EventLog log("source");
    log.write(daemonize::Severity::warning, "text", failure); // warns
    log.install(failure);                                     // warns
    log.uninstall(failure);                                   // warns
    log.write(daemonize::Severity::warning, "text");
    log.try_write(daemonize::Severity::warning, "text");
}
