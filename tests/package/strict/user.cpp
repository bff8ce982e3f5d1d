// A program of a user, which instantiates the templates of the header. The program itself is free of warnings.
#include <daemonize.hpp>

#include <chrono>
#include <utility>

int launched();
int served(int argc, char** argv);
int by_the_scm();

#if !DAEMONIZE_ON_WINDOWS()
int launched() {
    daemonize::Daemonizer daemonizer("user");
    daemonizer.chdir("/").umask(022).keep_fd(3).stdout_to("/tmp/out").stderr_to(daemonize::keep);
    daemonizer.environment({"PATH"}).rlimit(0, 1).user("nobody").group("nogroup");
    daemonizer.before_drop([] {}).before_drop([](std::string& why) { return why.empty(); });
    daemonizer.wait_until_ready(daemonize::Duration::seconds(5));
    const daemonize::Launch launch = daemonizer.launch([copy = std::string("text")](daemonize::Daemon& daemon) {
        daemonize::Events events;
        events.on(1, [] {}).on_child(1, [](int) {}).on_stop([] {});
        daemon.ready();
        return static_cast<int>(copy.size());
    });
    daemonize::Daemonizer other = std::move(daemonizer);
    return launch ? other.launch([] {}).exit_code() : launch.exit_code();
}
#endif

int served(int argc, char** argv) {
    daemonize::Service service("user");
    service.posix([](auto& daemonizer) { daemonizer.chdir(daemonize::keep); }).windows([](auto& windows) {
        windows.wait_hint(std::chrono::duration<double>(0.5));
    });
    service.on_check_configuration([](std::string& why) { return why.empty(); });
    if (argc == 0) return service.run([] {});
    return service.run(argc, argv, [](daemonize::Context& context) {
        context.on_reload([](std::string& why) { return why.empty(); }).on_pause([] {}).on_continue([] {});
        context.ready();
        return context.sleep_for(daemonize::Duration::seconds(1)) ? 0 : context.fail("stopped", 2);
    });
}

int by_the_scm() {
    daemonize::WinService service("other");
    service = daemonize::WinService("user");
    service.on_power_event([](auto&, const daemonize::PowerEvent&) {}).on_pause([] {});
    service.on_user_control(130, daemonize::in_handler, [] {});
    service.body([](daemonize::WinService::Context& context) { context.wait_for_stop(); });
#if defined(DAEMONIZE_TESTING)
    daemonize::testing::FakeScm scm(service);
    return static_cast<int>(scm.start());
#else
    return service.run();
#endif
}
