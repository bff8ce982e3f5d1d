// Writes one entry of each severity, and nothing that a log could take for a format.
#include <daemonize.hpp>

int main() {
    const daemonize::EventLog log("test-source");
    daemonize::Failure failure;
    const bool written = log.install(failure) && log.information("one 100% %s") && log.warning("two") &&
                         log.error("three") && log.uninstall(failure);
    return written ? 0 : 1;
}
