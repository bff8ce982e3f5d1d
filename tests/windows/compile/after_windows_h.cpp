// Includes <daemonize.hpp> after <windows.h> with the macros min and max.
#include <windows.h>

#include <daemonize.hpp>

int after_windows_h() {
    daemonize::WinService service("after");
    service.on_power_event([](auto&, const daemonize::PowerEvent&) {}).body([] { return 0; });
    return static_cast<int>(service.name().size());
}
