// The functions of the second module, which has a copy of the library of its own.
#ifndef DAEMONIZE_TESTS_PACKAGE_MODULES_OTHER_HPP
#define DAEMONIZE_TESTS_PACKAGE_MODULES_OTHER_HPP

#include <daemonize.hpp>

#include <string>

struct Other {
    void (*ready)();
    void (*fail_and_exit)(); // "no cache", 7
    void (*ready_by)(daemonize::Daemon daemon);
    std::string (*reopen_logs)(); // each of these returns the message of its failure
    std::string (*open_events)();
    std::string (*take)(daemonize::Events& events, int signal);
    std::string (*acquire)(const std::string& path);
    pid_t (*holder)(const std::string& path);
    pid_t (*instance)(const std::string& path);
    void (*write_log)();
    void (*throw_error)();
    daemonize::PidFile (*hold)(const std::string& path);
};

#endif
