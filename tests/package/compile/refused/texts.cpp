// Null pointers in place of a text, and numbers of a type that no ID has. Each CASE is compiled alone, and must be refused.
#include <daemonize.hpp>

void refused(daemonize::Daemonizer& daemonizer, daemonize::Service& service, daemonize::ServiceConfig& config,
             daemonize::Context& context, daemonize::WinServiceContext& windows, daemonize::EventLog& log,
             daemonize::Failure& failure) {
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
#elif CASE == 24
    daemonizer.user(true);
#elif CASE == 25
    daemonizer.user('r');
#elif CASE == 26
    daemonizer.user(0L);
#elif CASE == 27
    daemonizer.user(1000LL);
#elif CASE == 28
    daemonizer.user(1.5);
#elif CASE == 29
    daemonizer.group(true);
#elif CASE == 30
    daemonizer.group(0UL);
#elif CASE == 31
    static_cast<void>(daemonize::PidFile::acquire(nullptr));
#elif CASE == 32
    static_cast<void>(daemonize::PidFile::acquire(0, failure));
#elif CASE == 33
    static_cast<void>(daemonize::PidFile::holder(nullptr));
#elif CASE == 34
    static_cast<void>(daemonize::Instance::at(nullptr));
#elif CASE == 35
    static_cast<void>(daemonize::listen_on(nullptr, "80"));
#elif CASE == 36
    static_cast<void>(daemonize::listen_on("http", nullptr));
#elif CASE == 37
    static_cast<void>(daemonize::listen_on("http", nullptr, failure));
#elif CASE == 38
    static_cast<void>(daemonize::launchd_sockets(nullptr));
#elif CASE == 39
    context.progress(nullptr);
#elif CASE == 40
    context.status(nullptr);
#elif CASE == 41
    static_cast<void>(context.fail(nullptr, 3));
#elif CASE == 42
    context.log(daemonize::Severity::warning, nullptr);
#elif CASE == 43
    windows.progress(nullptr, daemonize::Duration());
#elif CASE == 44
    static_cast<void>(windows.fail(nullptr));
#elif CASE == 45
    windows.log(daemonize::Severity::warning, nullptr);
#elif CASE == 46
    context.notifier().ready(nullptr);
#elif CASE == 47
    context.notifier().status(nullptr);
#elif CASE == 48
    context.notifier().try_status(nullptr);
#elif CASE == 49
    context.notifier().store(1, nullptr);
#elif CASE == 50
    context.notifier().try_remove(nullptr);
#elif CASE == 51
    context.notifier().send(nullptr);
#elif CASE == 52
    log.write(daemonize::Severity::warning, nullptr);
#elif CASE == 53
    log.try_write(daemonize::Severity::warning, nullptr);
#elif CASE == 54
    log.error(nullptr);
#else
    // These compile: 0 is an ID or a descriptor.
    daemonizer.user(uid_t(1)).group(gid_t(1));
    daemonizer.user(0).group(0).user(1000).stdin_from(0);
    daemonizer.environment({"PATH", std::string("TERM")}).environment(std::vector<std::string>{"PATH"}).environment({});
    service.listen("http", std::string("*:80"));
    config.account = "NT AUTHORITY\\LocalService";
#endif
    static_cast<void>(daemonizer);
    static_cast<void>(service);
    static_cast<void>(config);
    static_cast<void>(context);
    static_cast<void>(windows);
    static_cast<void>(log);
    static_cast<void>(failure);
}
