// run_on_console(): runs services in the foreground of a console, with Ctrl-C and the other events of a console as a
// stop (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_CONSOLE_HPP
#define DAEMONIZE_WINDOWS_SCM_CONSOLE_HPP

#include "../system/thread.hpp"
#include "service_ports.hpp"

#include <vector>

namespace daemonize {
namespace detail {

// The services of the process. SetConsoleCtrlHandler passes no pointer to the handler.
struct ConsoleRun {
    ServiceCore* const* services = nullptr;
    std::size_t count = 0;
    HANDLE ended = nullptr;
};

inline ConsoleRun& console_run() noexcept {
    static ConsoleRun* const run = new ConsoleRun; // the thread of the handler may outlive main()
    return *run;
}

inline BOOL WINAPI handle_console_event(DWORD event) noexcept {
    const ConsoleRun& run = console_run();
    const bool by_key = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    const StopReason reason = event == CTRL_LOGOFF_EVENT     ? StopReason::logoff
                              : event == CTRL_SHUTDOWN_EVENT ? StopReason::shutdown
                                                             : StopReason::interrupt;
    bool is_first = false;
    for (std::size_t i = 0; i < run.count; ++i) {
        const bool is_new = run.services[i]->request_stop(reason, by_key ? Duration::longest() : Duration::seconds(5));
        is_first = is_first || is_new;
    }
    // A second Ctrl-C goes to the default handler of Windows, which ends the process.
    if (by_key) return is_first ? TRUE : FALSE;
    // Windows kills the process as soon as this handler returns.
    static_cast<void>(DAEMONIZE_SYSTEM(WaitForSingleObject)(run.ended, INFINITE));
    return TRUE;
}

inline void run_console_service(void* core) noexcept {
    static_cast<void>(static_cast<ServiceCore*>(core)->main({})); // ConsolePort::register_handler() never fails
}

// Runs the services from the second one on, each in a thread. Returns the exit status of the first failure, or 0.
inline int start_console_threads(ServiceCore* const* services, std::size_t count, ThreadEntry* entries,
                                 std::vector<ThreadHandle>& threads) noexcept {
    int code = 0;
    for (std::size_t i = 1; i < count; ++i) {
        entries[i] = {&run_console_service, services[i]};
        ThreadHandle thread = nullptr;
        if (start_thread(entries[i], thread)) {
            threads.push_back(thread);
            continue;
        }
        const Failure problem =
            windows_failure(Stage::dispatcher, ::GetLastError(), "the service " + services[i]->name);
        write_console(problem.message());
        code = problem.exit_code();
        for (std::size_t k = 0; k < count; ++k) services[k]->request_stop(StopReason::supervisor, Duration::longest());
    }
    return code;
}

inline int run_on_console(ServiceCore* const* services, std::size_t count) noexcept {
    ConsoleRun& run = console_run();
    for (std::size_t i = 0; i < count; ++i) {
        services[i]->prepare(*new ConsolePort, ServiceType::own_process); // lives as long as the process, as the core
        write_console(services[i]->name + ": runs in the foreground, because a person started it; Ctrl-C stops it");
    }
    run = {services, count, DAEMONIZE_SYSTEM(CreateEventW)(nullptr, TRUE, FALSE, nullptr)};
    // Without a console the call fails, and there is no Ctrl-C.
    static_cast<void>(DAEMONIZE_SYSTEM(SetConsoleCtrlHandler)(&handle_console_event, TRUE));
    std::vector<ThreadEntry> entries(count);
    std::vector<ThreadHandle> threads;
    int code = start_console_threads(services, count, entries.data(), threads);
    run_console_service(services[0]);
    for (const ThreadHandle thread : threads) static_cast<void>(join_thread(thread));
    for (std::size_t i = 0; i < count && code == 0; ++i) code = services[i]->exit_code();
    // A handler that waits for run.ended makes Windows kill the process when it returns, with an exit code of Windows.
    static_cast<void>(DAEMONIZE_SYSTEM(SetConsoleCtrlHandler)(&handle_console_event, FALSE));
    static_cast<void>(DAEMONIZE_SYSTEM(SetEvent)(run.ended));
    return code;
}

} // namespace detail
} // namespace daemonize

#endif
