// FakeScm beside <windows.h>. The program must link with files that do not define DAEMONIZE_TESTING.
#define DAEMONIZE_TESTING
#include <daemonize.hpp>

int after_windows_h();
int before_windows_h();
int both_platforms(int, char**);

int main(int argc, char** argv) {
    if (argc > 1) return both_platforms(argc, argv);
    daemonize::Service portable("portable");
    daemonize::testing::FakeScm scm_of_service(
        daemonize::testing::windows_service(portable, [](daemonize::Context& context) { context.ready(); }));
    if (scm_of_service.start() != 0 || scm_of_service.exit_code() != 0) return 1;
    daemonize::WinService service("fake");
    service.body([](daemonize::WinService::Context& context) {
        context.ready();
        context.wait_for_stop();
    });
    daemonize::testing::FakeScm scm(service);
    const bool stopped = scm.start() == 0 && scm.control(daemonize::Control::stop) == 0 && scm.exit_code() == 0;
    return stopped && after_windows_h() == 5 && before_windows_h() != 0 ? 0 : 1;
}
