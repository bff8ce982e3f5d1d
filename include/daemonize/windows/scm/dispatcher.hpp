// WinService's way to Windows: the dispatcher with its ServiceMain, or else the console.
// Uses win_service, parent and console; the umbrella includes it on Windows.
#ifndef DAEMONIZE_WINDOWS_SCM_DISPATCHER_HPP
#define DAEMONIZE_WINDOWS_SCM_DISPATCHER_HPP

#include "../../scm/command_line.hpp"
#include "../../scm/win_service.hpp"
#include "../system/parent_process.hpp"
#include "console.hpp"

namespace daemonize {

/// The process's command line in UTF-8, the program first: what main() gets has lost what the code page lacks.
inline std::vector<std::string> command_line() {
    return detail::parse_command_line(detail::narrow(DAEMONIZE_SYSTEM(GetCommandLineW)()));
}

namespace detail {

// The services that the dispatcher knows: it calls ServiceMain with a name, and no pointer of ours.
struct Dispatched {
    ServiceCore* const* services = nullptr;
    std::size_t count = 0;
};

inline Dispatched& dispatched() noexcept {
    static Dispatched* const one = new Dispatched; // ServiceMain may run on when main() has returned
    return *one;
}

inline void WINAPI service_main(DWORD count, wchar_t** values) noexcept {
    std::vector<std::string> arguments;
    for (DWORD i = 0; i < count; ++i) arguments.push_back(narrow(values[i]));
    const Dispatched& known = dispatched();
    ServiceCore* core = known.services[0];
    for (std::size_t i = 0; i < known.count && count > 0; ++i) {
        if (DAEMONIZE_SYSTEM(lstrcmpiW)(widen(known.services[i]->name).c_str(), values[0]) == 0)
            core = known.services[i];
    }
    if (core->main(arguments) || known.count > 1) return;
    // It would be START_PENDING for ever. For a process that has gone the SCM itself says STOPPED.
    DAEMONIZE_SYSTEM(ExitProcess)(static_cast<UINT>(core->exit_code()));
}

// A service begins in System32: what it names relatively is meant beside the program.
inline Failure enter_program_directory() noexcept {
    const std::wstring path = program_path();
    const std::wstring directory = path.substr(0, path.find_last_of(L"\\/") + 1);
    if (DAEMONIZE_SYSTEM(SetCurrentDirectoryW)(directory.c_str()) != FALSE) return Failure();
    return windows_failure(Stage::chdir, ::GetLastError(), narrow(directory.c_str()));
}

// Returns when all have stopped. A Win32 error.
inline DWORD run_dispatcher(ServiceCore* const* services, std::size_t count) noexcept {
    const ServiceType type = count > 1 ? ServiceType::share_process : ServiceType::own_process;
    std::vector<std::wstring> names(count);
    std::vector<SERVICE_TABLE_ENTRYW> table(count + 1);
    for (std::size_t i = 0; i < count; ++i) {
        services[i]->prepare(*new ScmPort, type); // lives as long as the process, as its core
        names[i] = widen(services[i]->name);
        table[i].lpServiceName = &names[i][0];
        table[i].lpServiceProc = &service_main;
    }
    dispatched() = {services, count};
    return DAEMONIZE_SYSTEM(StartServiceCtrlDispatcherW)(table.data()) != FALSE ? NO_ERROR : ::GetLastError();
}

// What a service cannot say by its state, it says on a console, where there is one, and in the log.
inline int refuse_to_run(const ServiceCore& core, const Failure& problem) noexcept {
    write_console(problem.message());
    static_cast<void>(EventLog(core.name).error(problem.message()));
    return problem.exit_code();
}

inline int run_on_host(ServiceCore* const* given, std::size_t count, RunAs run_as) noexcept {
    const std::vector<std::string> line = daemonize::command_line();
    // A copy for good: the caller's array goes when main() returns.
    auto* const services = new ServiceCore*[count];
    for (std::size_t i = 0; i < count; ++i) {
        services[i] = given[i];
        services[i]->command_line = line;
        if (const Failure problem = services[i]->check()) return refuse_to_run(*services[i], problem);
    }
    if (run_as == RunAs::console || (run_as == RunAs::detected && !is_started_by_scm())) {
        return run_on_console(services, count);
    }
    if (const Failure problem = enter_program_directory()) return refuse_to_run(*services[0], problem);
    const DWORD error = run_dispatcher(services, count);
    if (error == NO_ERROR) {
        int code = 0;
        for (std::size_t i = 0; i < count && code == 0; ++i) code = services[i]->exit_code();
        return code;
    }
    // A parent that only has the SCM's name.
    if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT && run_as == RunAs::detected) {
        return run_on_console(services, count);
    }
    return refuse_to_run(*services[0], windows_failure(Stage::dispatcher, error, "the service " + services[0]->name));
}

} // namespace detail
} // namespace daemonize

#endif
