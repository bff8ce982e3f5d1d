// Setters that get a null pointer in place of a text. Each CASE is compiled alone, and must be refused.
#include <daemonize.hpp>

void refused(daemonize::Daemonizer& daemonizer, daemonize::Service& service, daemonize::ServiceConfig& config) {
#if CASE == 1
    daemonize::Daemonizer named(nullptr);
#elif CASE == 2
    daemonizer.chdir(nullptr);
#elif CASE == 3
    daemonizer.chdir(0);
#elif CASE == 4
    daemonizer.chroot(nullptr);
#elif CASE == 5
    daemonizer.stdin_from(nullptr);
#elif CASE == 6
    daemonizer.stdout_to(nullptr);
#elif CASE == 7
    daemonizer.stderr_to(nullptr);
#elif CASE == 8
    daemonizer.runtime_directory(nullptr);
#elif CASE == 9
    daemonizer.state_directory(nullptr);
#elif CASE == 10
    daemonizer.log_directory(0);
#elif CASE == 11
    daemonizer.pid_file(nullptr);
#elif CASE == 12
    daemonizer.user(nullptr);
#elif CASE == 13
    daemonizer.group(nullptr);
#elif CASE == 14
    daemonize::Service named(nullptr);
#elif CASE == 15
    service.description(nullptr);
#elif CASE == 16
    service.instance_name(0);
#elif CASE == 17
    service.listen("http", nullptr);
#elif CASE == 18
    service.listen(nullptr, "*:80");
#elif CASE == 19
    daemonize::WinService named(nullptr);
#elif CASE == 20
    config.account = nullptr;
#elif CASE == 21
    config.description = 0;
#elif CASE == 22
    daemonizer.environment({"PATH", nullptr});
#elif CASE == 23
    daemonize::EventLog named(nullptr);
#else
    // These compile: 0 is an ID or a descriptor.
    daemonizer.user(0).group(0).user(1000).stdin_from(0);
    daemonizer.environment({"PATH", std::string("TERM")}).environment(std::vector<std::string>{"PATH"}).environment({});
    service.listen("http", std::string("*:80"));
    config.account = "NT AUTHORITY\\LocalService";
#endif
    static_cast<void>(daemonizer);
    static_cast<void>(service);
    static_cast<void>(config);
}
