// The fake SCM beside <windows.h>, and two definitions of nothing where it is linked with files that do without.
#define DAEMONIZE_TESTING
#include <daemonize.hpp>

int after_windows_h();
int before_windows_h();

int main() {
    daemonize::WinService service("fake");
    service.body([](daemonize::WinService::Context& context) {
        context.ready();
        context.wait_for_stop();
    });
    daemonize::testing::FakeScm scm(service);
    const bool stopped = scm.start() == 0 && scm.control(daemonize::Control::stop) == 0 && scm.exit_code() == 0;
    return stopped && after_windows_h() == 5 && before_windows_h() != 0 ? 0 : 1;
}
