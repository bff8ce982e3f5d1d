// Calls that Windows refuses, one by one, through the seam: Wine refuses almost no call.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <string>
#include <type_traits>

namespace seam {

// The call to refuse, the first time that it comes, and the error.
inline std::string refused;
inline DWORD error = 0;

template <class Result, class... Arguments>
struct Refusal {
    static Result WINAPI answer(Arguments...) {
        ::SetLastError(error);
        if constexpr (std::is_same<Result, LSTATUS>::value) {
            return static_cast<Result>(error); // the registry's calls return it
        } else {
            return Result();
        }
    }
};

template <class Result, class... Arguments>
auto choose(const char* name, Result(WINAPI* real)(Arguments...)) -> decltype(real) {
    if (refused != name) return real;
    refused.clear();
    return &Refusal<Result, Arguments...>::answer;
}

// Unlike the others, it has no null to answer with.
inline HANDLE WINAPI no_file(const wchar_t*, DWORD, DWORD, SECURITY_ATTRIBUTES*, DWORD, DWORD, HANDLE) {
    ::SetLastError(error);
    return INVALID_HANDLE_VALUE;
}
inline auto choose(const char* name, decltype(&::CreateFileW) real) {
    if (refused != name) return real;
    refused.clear();
    return &no_file;
}

// Stands in for a dispatcher that has been reached: the first service is started by the name that it is installed
// under, and comes to its end.
inline std::wstring dispatched_as;
inline BOOL WINAPI dispatch(const SERVICE_TABLE_ENTRYW* table) {
    wchar_t* values[] = {&dispatched_as[0], nullptr};
    table[0].lpServiceProc(1, values);
    return TRUE;
}
inline auto choose(const char*, decltype(&::StartServiceCtrlDispatcherW) real) {
    return dispatched_as.empty() ? real : &dispatch;
}

// The status that the process was to end with.
inline UINT ended_with = 0;
inline void WINAPI end(UINT status) { ended_with = status; }
inline auto choose(const char*, decltype(&::ExitProcess)) { return &end; }

} // namespace seam

#define DAEMONIZE_SYSTEM(call) seam::choose(#call, &::call)
#include <daemonize.hpp>

#include "check.hpp"

using namespace daemonize;

namespace {

const ServiceManager manager("daemonize-refused");

ServiceConfig config() {
    ServiceConfig result;
    result.program = detail::narrow(detail::program_path().c_str());
    result.description = "before";
    return result;
}

// The operation fails by that call's refusal, and says all that there is to say.
template <class Operation>
void refuse(const char* call, DWORD error, Stage stage, Operation operation) {
    seam::refused = call;
    seam::error = error;
    Failure failure;
    HOLDS(!operation(failure));
    SAME(seam::refused, "");
    SAME(failure.code().value(), static_cast<int>(error));
    HOLDS(failure.stage() == stage);
    HOLDS(failure.message().find("daemonize-refused") != std::string::npos);
    HOLDS(failure.message().find("(error " + std::to_string(error) + ")") != std::string::npos);
    seam::refused.clear();
}

constexpr const wchar_t* source_key = L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\daemonize-refused";

bool is_source_registered() {
    HKEY key = nullptr;
    const LSTATUS error = ::RegOpenKeyExW(HKEY_LOCAL_MACHINE, source_key, 0, KEY_QUERY_VALUE, &key);
    if (error == NO_ERROR) ::RegCloseKey(key);
    return error == NO_ERROR;
}

void take_away() {
    Failure ignored;
    static_cast<void>(manager.uninstall(ignored));
}

} // namespace

CASE(new_service) {
    take_away();
    const auto install = [](Failure& failure) { return manager.install(config(), failure); };
    refuse("OpenSCManagerW", ERROR_ACCESS_DENIED, Stage::service_manager, install);
    refuse("CreateServiceW", ERROR_ACCESS_DENIED, Stage::service_install, install);
    refuse("CreateServiceW", ERROR_INVALID_SERVICE_ACCOUNT, Stage::service_install, install);
    HOLDS(!manager.exists());
    refuse("ChangeServiceConfig2W", ERROR_ACCESS_DENIED, Stage::service_configure, install);
    HOLDS(!manager.exists());
}

CASE(existing_service) {
    take_away();
    manager.install(config());
    const auto change = [](Failure& failure) {
        ServiceConfig other = config();
        other.description = "after";
        other.start = StartType::automatic;
        return manager.install(other, failure);
    };
    refuse("OpenServiceW", ERROR_ACCESS_DENIED, Stage::service_open, change);
    refuse("ChangeServiceConfigW", ERROR_INVALID_SERVICE_ACCOUNT, Stage::service_configure, change);
    refuse("ChangeServiceConfig2W", ERROR_ACCESS_DENIED, Stage::service_configure, change);
    take_away();
}

CASE(operations) {
    take_away();
    manager.install(config());
    const auto denied = [](const char* call, Stage stage, auto operation) {
        refuse(call, ERROR_ACCESS_DENIED, stage, operation);
    };
    const auto start = [](Failure& failure) { return manager.start({}, failure); };
    const auto stop = [](Failure& failure) { return manager.stop(failure); };
    const auto uninstall = [](Failure& failure) { return manager.uninstall(failure); };
    const auto control = [](Failure& failure) { return manager.control(130u, failure); };
    const auto pause = [](Failure& failure) { return manager.pause(failure); };
    const auto status = [](Failure& failure) { return manager.status(failure).has_value(); };
    denied("OpenSCManagerW", Stage::service_manager, start);
    denied("OpenServiceW", Stage::service_open, start);
    denied("StartServiceW", Stage::service_start, start);
    denied("OpenServiceW", Stage::service_open, stop);
    denied("QueryServiceStatusEx", Stage::service_query, stop);
    denied("OpenServiceW", Stage::service_open, control);
    denied("ControlService", Stage::service_control, control);
    denied("ControlService", Stage::service_control, pause);
    denied("QueryServiceStatusEx", Stage::service_query, status);
    denied("DeleteService", Stage::service_uninstall, uninstall);
    HOLDS(manager.exists());
    take_away();
    HOLDS(!manager.exists());
}

CASE(event_log) {
    const EventLog log("daemonize-refused");
    refuse("RegisterEventSourceW", ERROR_ACCESS_DENIED, Stage::event_log,
           [&](Failure& failure) { return log.write(Severity::failure, "x", failure); });
    refuse("ReportEventW", ERROR_ACCESS_DENIED, Stage::event_log,
           [&](Failure& failure) { return log.write(Severity::failure, "x", failure); });
    refuse("ReportEventW", ERROR_ACCESS_DENIED, Stage::event_log, [&](Failure& failure) {
        try {
            log.error("x");
        } catch (const Error& error) {
            failure = error.failure();
            return false;
        }
        return true;
    });
    seam::refused = "ReportEventW";
    seam::error = ERROR_ACCESS_DENIED;
    HOLDS(!log.try_write(Severity::failure, "x"));
    SAME(seam::refused, "");
}

CASE(half_a_registration_of_a_source) {
    const EventLog log("daemonize-refused");
    const auto install = [&](Failure& failure) { return log.install(failure); };
    log.uninstall();
    refuse("RegCreateKeyExW", ERROR_ACCESS_DENIED, Stage::event_log, install);
    refuse("RegSetValueExW", ERROR_ACCESS_DENIED, Stage::event_log, install);
    HOLDS(!is_source_registered());
    log.install();
    refuse("RegSetValueExW", ERROR_ACCESS_DENIED, Stage::event_log, install);
    HOLDS(is_source_registered()); // it was there before
    refuse("RegDeleteKeyW", ERROR_ACCESS_DENIED, Stage::event_log,
           [&](Failure& failure) { return log.uninstall(failure); });
    log.uninstall();
    HOLDS(!is_source_registered());
}

CASE(source_of_a_service_that_cannot_be_made) {
    take_away();
    const EventLog log("daemonize-refused");
    log.uninstall();
    detail::ServiceSettings settings;
    settings.name = "daemonize-refused";
    const ServiceConfig to_install = config();
    detail::VerbLine install;
    install.verb = detail::Verb::install;
    const auto perform = [&] {
        seam::refused = "CreateServiceW";
        seam::error = ERROR_ACCESS_DENIED;
        return detail::ServiceVerbs(settings, to_install, "refused").perform(install);
    };
    SAME(perform(), detail::lsb::no_rights);
    HOLDS(!is_source_registered());
    manager.install(config());
    SAME(perform(), detail::lsb::no_rights);
    HOLDS(is_source_registered()); // of a service that is there
    take_away();
    log.uninstall();
}

CASE(directory_that_cannot_be_looked_at) {
    const auto directory = [](Failure& failure) {
        return !detail::service_directory(Stage::state_directory, true, "daemonize-refused", "state", failure).empty();
    };
    Failure failure;
    HOLDS(directory(failure));
    refuse("CreateFileW", ERROR_SHARING_VIOLATION, Stage::state_directory, directory);
    refuse("GetFileInformationByHandle", ERROR_ACCESS_DENIED, Stage::state_directory, directory);
}

// The message file of the log, and its severities.
CASE(what_a_source_registers) {
    const EventLog log("daemonize-refused");
    log.install();
    wchar_t file[64] = {};
    DWORD types = 0;
    DWORD size = sizeof file;
    SAME(::RegGetValueW(HKEY_LOCAL_MACHINE, source_key, L"EventMessageFile", RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND,
                        nullptr, file, &size),
         NO_ERROR);
    HOLDS(std::wstring(file) == L"%SystemRoot%\\System32\\EventCreate.exe");
    size = sizeof types;
    SAME(::RegGetValueW(HKEY_LOCAL_MACHINE, source_key, L"TypesSupported", RRF_RT_REG_DWORD, nullptr, &types, &size),
         NO_ERROR);
    SAME(types, 7u);
    log.uninstall();
}

// A service that Windows does not let register its handler can report nothing: its process ends, and the SCM sees that.
CASE(control_handler) {
    take_away();
    ServiceConfig service = config();
    service.arguments = {"serve"};
    manager.install(service);
    Failure failure;
    HOLDS(!manager.start({}, failure));
    HOLDS(failure.message().find("daemonize-refused") != std::string::npos);
    HOLDS(manager.status().state == ServiceState::stopped);
    SAME(manager.status().process_id, 0u);
    take_away();
}

// Wine ends such a process by itself, Windows does not: so the call alone. Several services in one process are not
// ended for one of them.
CASE(end_without_a_control_handler) {
    detail::ServiceCore first("daemonize-refused");
    detail::ServiceCore second("daemonize-refused-too");
    detail::ServiceCore* const both[] = {&first, &second};
    for (const std::size_t count : {2u, 1u}) {
        detail::ScmPort port;
        first.prepare(port, ServiceType::own_process);
        detail::dispatched() = {both, count};
        seam::refused = "RegisterServiceCtrlHandlerExW";
        seam::error = ERROR_INVALID_NAME;
        detail::service_main(0, nullptr);
        SAME(static_cast<int>(seam::ended_with), count == 1 ? exit_code(Stage::dispatcher) : 0);
        SAME(first.exit_code(), exit_code(Stage::dispatcher));
    }
}

// ServiceMain is told which one it is, in the letters of who installed it; a process of one has it under any name.
CASE(name_that_windows_starts_it_by) {
    detail::ServiceCore first("daemonize-refused");
    detail::ServiceCore second("daemonize-refused-too");
    detail::ServiceCore* const both[] = {&first, &second};
    const auto start = [&](std::size_t count, std::wstring name) {
        detail::ScmPort port;
        first.prepare(port, ServiceType::own_process);
        second.prepare(port, ServiceType::own_process);
        detail::dispatched() = {both, count};
        seam::refused = "RegisterServiceCtrlHandlerExW";
        seam::error = ERROR_INVALID_NAME;
        wchar_t* values[] = {&name[0], nullptr};
        detail::service_main(1, values);
        return (first.exit_code() != 0 ? "first " : "") + (second.exit_code() != 0 ? second.name : first.name);
    };
    SAME(start(2, L"DAEMONIZE-refused-too"), "DAEMONIZE-refused-too");
    SAME(start(2, L"daemonize-refused"), "first daemonize-refused");
    SAME(start(1, L"another"), "first another");
    SAME(start(1, L""), "first another");
}

CASE(exit_code_of_a_service_is_the_programs) {
    seam::dispatched_as = L"daemonize-refused";
    seam::refused = "RegisterServiceCtrlHandlerExW";
    seam::error = ERROR_INVALID_NAME;
    WinService service("daemonize-refused");
    SAME(service.run_mode(RunMode::service).run([] {}), exit_code(Stage::dispatcher));
}

static int serve_without_a_handler() {
    seam::refused = "RegisterServiceCtrlHandlerExW";
    seam::error = ERROR_INVALID_NAME;
    return WinService("daemonize-refused").run([](WinService::Context& context) {
        context.ready();
        context.wait_for_stop();
    });
}

// It would run in System32, and write there what it names relatively.
CASE(directory_of_the_program) {
    seam::refused = "SetCurrentDirectoryW";
    seam::error = ERROR_ACCESS_DENIED;
    bool ran = false;
    WinService service("daemonize-refused");
    SAME(service.run_mode(RunMode::service).run([&] { ran = true; }), exit_code(Stage::chdir));
    HOLDS(!ran);
}

CASE(second_service_on_a_console) {
    seam::refused = "CreateThread";
    seam::error = ERROR_NOT_ENOUGH_MEMORY;
    WinService first("First");
    WinService second("Second");
    bool ran = false;
    first.run_mode(RunMode::console).body([](WinService::Context& context) {
        context.ready();
        context.wait_for_stop();
    });
    second.body([&] { ran = true; });
    SAME(run_services(first, second), exit_code(Stage::dispatcher));
    HOLDS(!ran);
}

int main(int count, char** values) try {
    return program_arguments() == std::vector<std::string>{"serve"} ? serve_without_a_handler()
                                                                    : test::run(count, values);
} catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
}
