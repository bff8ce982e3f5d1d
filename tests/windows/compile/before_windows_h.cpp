// Includes <daemonize.hpp> before <windows.h>: the macros that the library defines for <windows.h> are undefined again,
// and the macros of the application stay defined.
#include <string> // some standard libraries define NOMINMAX themselves

#if defined(NOMINMAX)
#define HAD_NOMINMAX 1
#else
#define HAD_NOMINMAX 0
#endif
#if defined(WIN32_LEAN_AND_MEAN)
#define HAD_LEAN_AND_MEAN 1
#else
#define HAD_LEAN_AND_MEAN 0
#endif

#include <daemonize.hpp>

#if defined(NOMINMAX) != HAD_NOMINMAX || defined(WIN32_LEAN_AND_MEAN) != HAD_LEAN_AND_MEAN
#error "the include has changed a macro of the application's"
#endif

#include <windows.h>

int before_windows_h() {
    const daemonize::ServiceManager manager("before");
    daemonize::Failure failure;
    return manager.control(daemonize::Control::interrogate, failure) ? 0 : failure.exit_code();
}
