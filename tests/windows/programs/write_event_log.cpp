// Every function of EventLog, on POSIX and on Windows: one entry of each severity, and texts with format characters.
#include <daemonize.hpp>

int main() try {
    const daemonize::EventLog log("test-source");
    daemonize::Failure failure;
    log.install();
    log.information("one 100% %s");
    log.warning("two");
    log.error("three");
    log.write(daemonize::Severity::warning, "four");
    const bool written = log.install(failure) && log.write(daemonize::Severity::failure, "five", failure) &&
                         log.try_write(daemonize::Severity::failure, "six") && log.uninstall(failure);
    log.uninstall();
    return written && !failure ? 0 : 1;
} catch (const daemonize::Error&) {
    return 2;
}
