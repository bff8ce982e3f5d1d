// The second module: a shared library, or a plugin.
#include "other.hpp"

using namespace daemonize;

extern "C" __attribute__((visibility("default"))) const void* other_functions() {
    static const Other functions = {
        [] { Daemon().ready(); },
        [] { Daemon().fail_and_exit("no cache", 7); },
        [](Daemon daemon) { daemon.ready(); },
        [] {
            Failure failure;
            static_cast<void>(Daemon().reopen_logs(failure));
            return failure.message();
        },
        [] {
            Failure failure;
            const Events events(failure);
            return failure.message();
        },
        [](Events& events, int signal) {
            Failure failure;
            static_cast<void>(events.on(
                signal, [] {}, failure));
            return failure.message();
        },
        [](const std::string& path) {
            Failure failure;
            const PidFile held = PidFile::acquire(path, failure);
            return failure.message();
        },
        [](const std::string& path) { return PidFile::holder(path).pid; },
        [](const std::string& path) { return Instance::at(path).status().pid; },
        [] { EventLog("other").try_write(Severity::information, ""); },
        [] { throw Error(Failure(Stage::body, std::make_error_code(std::errc::io_error), "", "thrown")); },
        [](const std::string& path) { return PidFile::acquire(path); },
    };
    return &functions;
}
