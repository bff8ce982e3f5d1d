// Results that a program must hold or ask for: ignored_results.sh checks that the compiler warns about each line `warns`.
#include <daemonize.hpp>

int main() {
    daemonize::Failure failure;
    const auto second = daemonize::Duration::seconds(1);

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
    instance.wait();
}
