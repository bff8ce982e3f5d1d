// run_on_host() on Windows: runs services by StartServiceCtrlDispatcher, or on the console (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_DISPATCHER_HPP
#define DAEMONIZE_WINDOWS_SCM_DISPATCHER_HPP

#include "../../scm/win_service.hpp"
#include "../system/parent_process.hpp"
#include "../system/program.hpp"
#include "console.hpp"

namespace daemonize {

namespace detail {

// The services of the process. The dispatcher passes ServiceMain a name, and no pointer.
struct Dispatched {
    ServiceCore* const* services = nullptr;
    std::size_t count = 0;
};

inline Dispatched& dispatched() noexcept {
    static Dispatched* const one = new Dispatched; // ServiceMain may still run when main() has returned
    return *one;
}

inline void WINAPI service_main(DWORD count, wchar_t** values) noexcept {
    std::vector<std::string> arguments;
    for (DWORD i = 0; i < count; ++i) arguments.push_back(narrow(values[i]));
    const Dispatched& table = dispatched();
    ServiceCore* core = table.services[0];
    for (std::size_t i = 0; i < table.count && count > 0; ++i) {
        if (DAEMONIZE_SYSTEM(lstrcmpiW)(widen(table.services[i]->name).c_str(), values[0]) == 0)
            core = table.services[i];
    }
    if (core->main(arguments) || table.count > 1) return;
    // Without a control handler the service would stay in START_PENDING. The SCM sets the state to STOPPED when the
    // process ends.
    DAEMONIZE_SYSTEM(ExitProcess)(static_cast<UINT>(core->exit_code()));
}

// The SCM starts a process in System32. Relative paths of a service start at the directory of its program instead.
inline Failure enter_program_directory() noexcept {
    const std::wstring path = program_path();
    const std::wstring directory = path.substr(0, path.find_last_of(L"\\/") + 1);
    if (DAEMONIZE_SYSTEM(SetCurrentDirectoryW)(directory.c_str()) != FALSE) return Failure();
    return windows_failure(Stage::chdir, ::GetLastError(), narrow(directory));
}

// Returns when all services have stopped. Returns a Win32 error.
inline DWORD run_dispatcher(ServiceCore* const* services, std::size_t count) noexcept {
    const ServiceType type = count > 1 ? ServiceType::share_process : ServiceType::own_process;
    std::vector<std::wstring> names(count);
    std::vector<SERVICE_TABLE_ENTRYW> table(count + 1);
    for (std::size_t i = 0; i < count; ++i) {
        services[i]->prepare(*new ScmPort, type); // lives as long as the process, as the core
        names[i] = widen(services[i]->name);
        table[i].lpServiceName = &names[i][0];
        table[i].lpServiceProc = &service_main;
    }
    dispatched() = {services, count};
    return DAEMONIZE_SYSTEM(StartServiceCtrlDispatcherW)(table.data()) != FALSE ? NO_ERROR : ::GetLastError();
}

// Reports a failure before the dispatcher: on the console, if there is one, and in the event log.
inline int refuse_to_run(const ServiceCore& core, const Failure& problem) noexcept {
    write_console(problem.message());
    EventLog(core.name).try_write(Severity::failure, problem.message());
    return problem.exit_code();
}

inline int run_on_host(ServiceCore* const* given, std::size_t count, RunMode mode) noexcept {
    const std::vector<std::string> arguments = program_arguments();
    // The copy lives as long as the process; the array of the caller ends with main().
    auto* const services = new ServiceCore*[count];
    for (std::size_t i = 0; i < count; ++i) {
        services[i] = given[i];
        services[i]->program_arguments = arguments;
        if (const Failure problem = services[i]->check()) return refuse_to_run(*services[i], problem);
    }
    if (mode == RunMode::console || (mode == RunMode::detected && !is_started_by_scm())) {
        return run_on_console(services, count);
    }
    if (const Failure problem = enter_program_directory()) return refuse_to_run(*services[0], problem);
    const DWORD error = run_dispatcher(services, count);
    if (error == NO_ERROR) {
        int code = 0;
        for (std::size_t i = 0; i < count && code == 0; ++i) code = services[i]->exit_code();
        return code;
    }
    // The parent process is another program with the name services.exe.
    if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT && mode == RunMode::detected) {
        return run_on_console(services, count);
    }
    return refuse_to_run(*services[0], windows_failure(Stage::dispatcher, error, "the service " + services[0]->name));
}

} // namespace detail
} // namespace daemonize

#endif
