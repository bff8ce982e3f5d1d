// Services on a console, run by hand: the body in the foreground, and what Windows sends a console as a stop.
// Uses real_port; real_scm uses it.
#ifndef DAEMONIZE_WINDOWS_SCM_CONSOLE_HPP
#define DAEMONIZE_WINDOWS_SCM_CONSOLE_HPP

#include "ports.hpp"

#include <vector>

namespace daemonize {
namespace detail {

// The handler gets no pointer of ours, so there is one run a process.
struct ConsoleRun {
    ServiceCore* const* services = nullptr;
    std::size_t count = 0;
    HANDLE ended = nullptr;
};

inline ConsoleRun& console_run() noexcept {
    static ConsoleRun* const run = new ConsoleRun; // the handler's thread may outlive main()
    return *run;
}

inline BOOL WINAPI handle_console_event(DWORD event) noexcept {
    const ConsoleRun& run = console_run();
    const bool by_key = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    const StopReason reason = event == CTRL_LOGOFF_EVENT     ? StopReason::logoff
                              : event == CTRL_SHUTDOWN_EVENT ? StopReason::shutdown
                                                             : StopReason::interrupt;
    bool news = false;
    for (std::size_t i = 0; i < run.count; ++i) {
        const bool first = run.services[i]->request_stop(reason, by_key ? Duration::longest() : Duration::seconds(5));
        news = news || first;
    }
    // Somebody who presses it twice means it: Windows' own handler ends the process.
    if (by_key) return news ? TRUE : FALSE;
    // Windows ends the process as soon as this returns.
    static_cast<void>(DAEMONIZE_SYSTEM(WaitForSingleObject)(run.ended, INFINITE));
    return TRUE;
}

inline DWORD WINAPI run_console_service(void* core) noexcept {
    static_cast<void>(static_cast<ServiceCore*>(core)->main({})); // a console has nothing to register with
    return 0;
}

inline int run_on_console(ServiceCore* const* services, std::size_t count) noexcept {
    ConsoleRun& run = console_run();
    for (std::size_t i = 0; i < count; ++i) {
        services[i]->prepare(*new ConsolePort, ServiceType::own_process); // lives as long as the process, as its core
        write_console(services[i]->name + ": started by hand, and running in the foreground; Ctrl-C stops it");
    }
    run = {services, count, DAEMONIZE_SYSTEM(CreateEventW)(nullptr, TRUE, FALSE, nullptr)};
    static_cast<void>(DAEMONIZE_SYSTEM(SetConsoleCtrlHandler)(&handle_console_event, TRUE)); // no console: no Ctrl-C
    std::vector<HANDLE> threads;
    int code = 0;
    for (std::size_t i = 1; i < count; ++i) {
        const HANDLE thread = DAEMONIZE_SYSTEM(CreateThread)(nullptr, 0, &run_console_service, services[i], 0, nullptr);
        if (thread != nullptr) {
            threads.push_back(thread);
            continue;
        }
        const Failure problem =
            windows_failure(Stage::dispatcher, ::GetLastError(), "the service " + services[i]->name);
        write_console(problem.message());
        code = problem.exit_code();
        for (std::size_t k = 0; k < count; ++k) services[k]->request_stop(StopReason::supervisor, Duration::longest());
    }
    static_cast<void>(services[0]->main({}));
    for (const HANDLE thread : threads) {
        static_cast<void>(DAEMONIZE_SYSTEM(WaitForSingleObject)(thread, INFINITE));
        static_cast<void>(DAEMONIZE_SYSTEM(CloseHandle)(thread));
    }
    for (std::size_t i = 0; i < count && code == 0; ++i) code = services[i]->exit_code();
    // A handler that waits lets Windows end the process now, with a code of Windows' own.
    static_cast<void>(DAEMONIZE_SYSTEM(SetConsoleCtrlHandler)(&handle_console_event, FALSE));
    static_cast<void>(DAEMONIZE_SYSTEM(SetEvent)(run.ended));
    return code;
}

} // namespace detail
} // namespace daemonize

#endif
