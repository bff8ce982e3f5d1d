// The service of raw_service.c, by WinService.
#include <daemonize.hpp>

int main() {
    return daemonize::WinService("win_service").run([](daemonize::WinService::Context& service) {
        service.ready();
        service.wait_for_stop();
        return 0;
    });
}
