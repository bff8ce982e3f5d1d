// The functions for Windows, one by one: copied controls, the detection of the host, console events, directories and so
// on.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <cstring>
#include <cwchar>
#include <string>

namespace seam {

inline std::size_t path_size = 0;

// As Windows answers for a path of that many characters: cut without an error where the buffer is too small.
inline DWORD WINAPI long_path(HMODULE, wchar_t* buffer, DWORD size) {
    for (DWORD i = 0; i < size && i < path_size; ++i) buffer[i] = L'x';
    return path_size < size ? static_cast<DWORD>(path_size) : size;
}

inline std::wstring reported;

// As Windows does, and Wine does not: a string of more than 31839 characters is refused.
inline BOOL WINAPI report_event(HANDLE, WORD, WORD, DWORD, void*, WORD, DWORD, const wchar_t** strings, void*) {
    reported = strings[0];
    if (reported.size() > 31839) ::SetLastError(RPC_S_INVALID_BOUND);
    return reported.size() <= 31839 ? TRUE : FALSE;
}

// The value of WaitToKillServiceTimeout on this machine; null if there is no value.
inline const wchar_t* patience = nullptr;

inline LSTATUS WINAPI read_patience(HKEY root, const wchar_t* key, const wchar_t* name, DWORD type, DWORD*, void* value,
                                    DWORD* size) {
    const bool asked = root == HKEY_LOCAL_MACHINE && type == RRF_RT_REG_SZ &&
                       std::wcscmp(key, L"SYSTEM\\CurrentControlSet\\Control") == 0 &&
                       std::wcscmp(name, L"WaitToKillServiceTimeout") == 0;
    if (!asked || patience == nullptr) return ERROR_FILE_NOT_FOUND;
    const std::size_t needed = (std::wcslen(patience) + 1) * sizeof(wchar_t);
    if (needed > *size) return ERROR_MORE_DATA;
    std::memcpy(value, patience, needed);
    return NO_ERROR;
}

inline int closed = 0;

inline BOOL WINAPI close_handle(HANDLE handle) {
    ++closed;
    return ::CloseHandle(handle);
}

inline bool is_refused = false;

// As for an account that may not ask of the system's processes.
inline HANDLE WINAPI open_process(DWORD access, BOOL inherit, DWORD id) {
    if (!is_refused) return ::OpenProcess(access, inherit, id);
    ::SetLastError(ERROR_ACCESS_DENIED);
    return nullptr;
}

template <class Function>
Function* choose(const char*, Function* real) {
    return real;
}
inline auto choose(const char*, decltype(&::ReportEventW)) { return &report_event; }
inline auto choose(const char*, decltype(&::RegGetValueW)) { return &read_patience; }
inline auto choose(const char*, decltype(&::OpenProcess)) { return &open_process; }
inline auto choose(const char* name, decltype(&::CloseHandle) real) {
    return std::strcmp(name, "CloseHandle") == 0 ? &close_handle : real; // SetEvent is of its type
}
inline auto choose(const char*, decltype(&::GetModuleFileNameW) real) { return path_size != 0 ? &long_path : real; }

} // namespace seam

#define DAEMONIZE_SYSTEM(call) seam::choose(#call, &::call)
#include <daemonize.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include <dbt.h>
#include <shellapi.h>

#include "check.hpp"

using namespace std::chrono_literals;
using namespace daemonize;

CASE(long_program_path) {
    for (const std::size_t size : {1u, 259u, 260u, 261u, 520u, 5000u, 32767u}) {
        seam::path_size = size;
        SAME(detail::program_path().size(), size);
    }
    seam::path_size = 0;
    const std::wstring path = detail::program_path();
    HOLDS(path.size() > 4 && path.substr(path.size() - 4) == L".exe");
}

// Another system calls these, to which no exception may go.
static_assert(noexcept(detail::service_main(0, nullptr)) && noexcept(detail::handle_console_event(0)) && noexcept(
    detail::run_console_service(nullptr)));

CASE(payloads_are_copied) {
    std::vector<unsigned char> bytes(sizeof(POWERBROADCAST_SETTING) + 8);
    auto* power = reinterpret_cast<POWERBROADCAST_SETTING*>(bytes.data());
    power->PowerSetting = {0x5d3e9a59, 0xe9d5, 0x4b00, {0xa6, 0xbd, 0xff, 0x34, 0xff, 0x51, 0x65, 0x48}};
    power->DataLength = 4;
    power->Data[0] = 1;
    ControlEvent event = detail::copy_control(SERVICE_CONTROL_POWEREVENT, PBT_POWERSETTINGCHANGE, bytes.data());
    bytes.assign(bytes.size(), 0xdd); // as Windows does when the handler has returned
    HOLDS(event.control == Control::power_event && event.power.type == PowerEvent::Type::setting_change);
    SAME(event.power.setting, "{5D3E9A59-E9D5-4B00-A6BD-FF34FF516548}");
    SAME(event.power.data.size(), 4u);
    SAME(int{event.power.data[0]}, 1);
    // For every other power event the pointer means nothing.
    event = detail::copy_control(SERVICE_CONTROL_POWEREVENT, PBT_APMSUSPEND, reinterpret_cast<void*>(16));
    HOLDS(event.power.type == PowerEvent::Type::suspend && event.power.data.empty());

    WTSSESSION_NOTIFICATION session = {sizeof session, 7};
    event = detail::copy_control(SERVICE_CONTROL_SESSIONCHANGE, WTS_SESSION_LOCK, &session);
    HOLDS(event.session.type == SessionEvent::Type::lock && event.session.session == 7);

    constexpr wchar_t name[] = L"\\\\?\\ж";
    bytes.assign(sizeof(DEV_BROADCAST_DEVICEINTERFACE_W) + sizeof name, 0);
    auto* device = reinterpret_cast<DEV_BROADCAST_DEVICEINTERFACE_W*>(bytes.data());
    device->dbcc_size = static_cast<DWORD>(bytes.size());
    device->dbcc_devicetype = DBT_DEVTYP_DEVICEINTERFACE;
    std::memcpy(device->dbcc_name, name, sizeof name);
    event = detail::copy_control(SERVICE_CONTROL_DEVICEEVENT, DBT_DEVICEARRIVAL, bytes.data());
    const std::size_t size = bytes.size();
    bytes.assign(size, 0xdd);
    HOLDS(event.device.type == DeviceEvent::Type::arrival);
    SAME(event.device.device_type, static_cast<std::uint32_t>(DBT_DEVTYP_DEVICEINTERFACE));
    SAME(event.device.name, "\\\\?\\\xd0\xb6");
    SAME(event.device.bytes.size(), size);
    DEV_BROADCAST_HDR bare = {sizeof bare, DBT_DEVTYP_DEVICEINTERFACE, 0};
    SAME(detail::copy_control(SERVICE_CONTROL_DEVICEEVENT, DBT_DEVICEARRIVAL, &bare).device.name, "");
    DEV_BROADCAST_HDR port = {sizeof port, DBT_DEVTYP_PORT, 0};
    SAME(detail::copy_control(SERVICE_CONTROL_DEVICEEVENT, DBT_DEVICEARRIVAL, &port).device.name, "");

    const std::int64_t times[] = {200, 100};
    event = detail::copy_control(0x10, 0, times);
    HOLDS(event.time.from == 100 && event.time.to == 200);
    event = detail::copy_control(SERVICE_CONTROL_HARDWAREPROFILECHANGE, DBT_CONFIGCHANGED, nullptr);
    HOLDS(event.hardware_profile.type == HardwareProfileEvent::Type::changed);
    for (const DWORD control : {11u, 14u, 16u}) detail::copy_control(control, 0, nullptr);
}

// The structure says how long it is, and what comes behind it is no part of it.
CASE(device_names_end_with_their_structure) {
    struct {
        DEV_BROADCAST_HDR header;
        wchar_t name[16];
    } port = {{0, DBT_DEVTYP_PORT, 0}, L"COM1 and more"};
    const auto name = [&](std::size_t size) {
        port.header.dbch_size = static_cast<DWORD>(size);
        return detail::copy_control(SERVICE_CONTROL_DEVICEEVENT, DBT_DEVICEARRIVAL, &port).device.name;
    };
    SAME(name(sizeof port), "COM1 and more");
    SAME(name(sizeof port.header + 4 * sizeof(wchar_t)), "COM1");
    SAME(name(sizeof port.header), "");
    SAME(name(4), "");
    DEV_BROADCAST_DEVICEINTERFACE_W shortest = {};
    shortest.dbcc_size = sizeof shortest;
    shortest.dbcc_devicetype = DBT_DEVTYP_DEVICEINTERFACE;
    shortest.dbcc_classguid.Data1 = 7;
    const DeviceEvent event = detail::copy_control(SERVICE_CONTROL_DEVICEEVENT, DBT_DEVICEARRIVAL, &shortest).device;
    SAME(event.device_class, "{00000007-0000-0000-0000-000000000000}");
    SAME(event.name, "");
}

CASE(long_log_entry) {
    Failure failure;
    HOLDS(EventLog("daemonize-test").write(Severity::failure, "first " + std::string(40000, 'x'), failure));
    SAME(seam::reported.size(), 31839u);
    HOLDS(seam::reported.substr(0, 7) == L"first x");
    HOLDS(EventLog("daemonize-test").write(Severity::failure, "", failure));
    HOLDS(seam::reported.empty());
}

CASE(patience_of_a_shutdown) {
    const auto patience = [](const wchar_t* text) {
        seam::patience = text;
        return detail::shutdown_timeout();
    };
    HOLDS(patience(L"20000") == Duration(20s));
    HOLDS(patience(L"999999999999999") > Duration(24h)); // more than fits is long enough
    for (const wchar_t* none : {static_cast<const wchar_t*>(nullptr), L"", L"0", L"soon", L"-1"}) {
        HOLDS(patience(none) == Duration(5s)); // Windows' own
    }
}

// ServiceMain may still be at work when main() returns.
CASE(a_service_that_ran_lives_as_long_as_the_process) {
    auto owned = std::make_shared<int>(0);
    const std::weak_ptr<int> seen = owned;
    {
        WinService service("Kept");
        service.run_mode(RunMode::console).body([owned](WinService::Context& context) { context.ready(); });
        owned.reset();
        SAME(service.run(), 0);
    }
    HOLDS(!seen.expired());
    owned = std::make_shared<int>(0);
    const std::weak_ptr<int> never_ran = owned;
    {
        WinService("Never").body([owned] {});
    }
    owned.reset();
    HOLDS(never_ran.expired());
}

// Sends a console event as Windows does: by a call from another thread.
static void end_by(DWORD reported, StopReason expected, bool limited) {
    // Windows ends the process when it has been answered that it closes, logs off or shuts down.
    struct Told {
        DWORD event;
        bool ended;
        bool answered_early;
    };
    Told about = {reported, false, false};
    HANDLE thread = nullptr;
    StopReason reason = StopReason::none;
    Duration left;
    WinService service("Console");
    bool on_stop = false;
    service.run_mode(RunMode::console).on_stop([&] { on_stop = true; });
    const int code = service.run([&](WinService::Context& context) {
        context.ready();
        const auto send_text = [](void* argument) -> DWORD {
            auto& one = *static_cast<Told*>(argument);
            const BOOL taken = detail::handle_console_event(one.event);
            one.answered_early = !one.ended;
            return static_cast<DWORD>(taken);
        };
        DWORD(WINAPI * entry)(void*) = send_text;
        thread = ::CreateThread(nullptr, 0, entry, &about, 0, nullptr);
        context.wait_for_stop();
        HOLDS(on_stop);
        reason = context.stop_reason();
        left = context.stop_deadline();
        // A key is answered at once; the others give a wrong answer this much time to come.
        ::WaitForSingleObject(thread, limited ? 100 : INFINITE);
        about.ended = true;
        return 3;
    });
    SAME(code, 0);
    HOLDS(reason == expected);
    HOLDS((left <= Duration(5s)) == limited);
    ::WaitForSingleObject(thread, INFINITE);
    DWORD answer = FALSE;
    HOLDS(::GetExitCodeThread(thread, &answer));
    ::CloseHandle(thread);
    SAME(answer, static_cast<DWORD>(TRUE));
    HOLDS(about.answered_early == !limited);
}

CASE(ctrl_c) { end_by(CTRL_C_EVENT, StopReason::interrupt, false); }
CASE(ctrl_break) { end_by(CTRL_BREAK_EVENT, StopReason::interrupt, false); }
CASE(close) { end_by(CTRL_CLOSE_EVENT, StopReason::interrupt, true); }
CASE(logoff) { end_by(CTRL_LOGOFF_EVENT, StopReason::logoff, true); }
CASE(shutdown_of_the_machine) { end_by(CTRL_SHUTDOWN_EVENT, StopReason::shutdown, true); }

CASE(two_on_a_console) {
    int ended = 0;
    WinService first("First");
    WinService second("Second");
    first.run_mode(RunMode::console).body([&](WinService::Context& context) {
        context.ready();
        // The second press, for one that has not ended yet, is Windows' own.
        HOLDS(detail::handle_console_event(CTRL_C_EVENT) == TRUE);
        HOLDS(detail::handle_console_event(CTRL_C_EVENT) == FALSE);
        ++ended;
    });
    second.body([&](WinService::Context& context) { context.wait_for_stop(); });
    SAME(run_services(first, second), 0);
    SAME(ended, 1);
}

CASE(the_event_follows_what_is_pending) {
    WinService service("Loop");
    const int code = service.run_mode(RunMode::console).run([&](WinService::Context& context) {
        context.ready();
        HOLDS(::WaitForSingleObject(context.native_handle(), 0) == WAIT_TIMEOUT);
        HOLDS(detail::handle_console_event(CTRL_C_EVENT) == TRUE);
        HOLDS(::WaitForSingleObject(context.native_handle(), 0) == WAIT_OBJECT_0);
        HOLDS(!context.poll());
        HOLDS(::WaitForSingleObject(context.native_handle(), 0) == WAIT_TIMEOUT);
    });
    SAME(code, 0);
}

CASE(times_are_rounded_up) {
    SAME(detail::to_milliseconds(Duration()), 0u);
    SAME(detail::to_milliseconds(Duration(-1s)), 0u);
    SAME(detail::to_milliseconds(Duration(1ns)), 1u);
    SAME(detail::to_milliseconds(Duration(7ms)), 7u);
    SAME(detail::to_milliseconds(Duration(7ms) + Duration(1ns)), 8u);
    SAME(detail::to_milliseconds(Duration::milliseconds(0x7ffffffe)), 0x7ffffffeu);
    SAME(detail::to_milliseconds(Duration::milliseconds(0x7ffffffe) + Duration(1ns)), 0x7fffffffu);
    SAME(detail::to_milliseconds(Duration::longest()), 0x7fffffffu);
}

CASE(sleeping_takes_its_time) {
    WinService service("Sleeper");
    const int code = service.run_mode(RunMode::console).run([&](WinService::Context& context) {
        context.ready();
        const DWORD before = ::GetTickCount();
        HOLDS(context.sleep_for(300ms));
        HOLDS(::GetTickCount() - before >= 280);
        HOLDS(context.sleep_for(Duration()));
    });
    SAME(code, 0);
}

CASE(host_is_detected) {
    const Host seen = detect_host();
    HOLDS(seen.kind == HostKind::terminal || seen.kind == HostKind::unknown); // Wine's console may be none
    for (const char* name : {"windows_scm", "systemd", "unknown"}) {
        ::SetEnvironmentVariableA("DAEMONIZE_HOST", name);
        const Host chosen = detect_host();
        SAME(std::string(to_string(chosen.kind)), name);
        SAME(chosen.why, "DAEMONIZE_HOST names it");
    }
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", "scm");
    const std::string known =
        ": the value is unknown; the known values are unknown, terminal, systemd, inetd, launchd, "
        "container_init, windows_scm, supervisor";
    Failure failure;
    HOLDS(detect_host(failure).kind == HostKind::unknown);
    SAME(failure.message(), "cannot use the configuration DAEMONIZE_HOST=scm" + known);
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", std::string(100, 'x').c_str());
    HOLDS(detect_host(failure).kind == HostKind::unknown);
    SAME(failure.message(), "cannot use the configuration DAEMONIZE_HOST=(too long)" + known);
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", nullptr);
}

CASE(no_console_no_terminal) {
    const HANDLE before = ::GetStdHandle(STD_INPUT_HANDLE);
    const HANDLE nowhere = ::CreateFileW(L"NUL", GENERIC_READ, 0, nullptr, OPEN_EXISTING, 0, nullptr);
    HOLDS(nowhere != INVALID_HANDLE_VALUE);
    ::SetStdHandle(STD_INPUT_HANDLE, nowhere);
    const Host seen = detect_host();
    ::SetStdHandle(STD_INPUT_HANDLE, before);
    HOLDS(seen.kind == HostKind::unknown);
    SAME(seen.why, "no host was detected");
    ::CloseHandle(nowhere);
}

// Runs the case once more, in a process of its own that this one waits for; its exit code.
DWORD run_again(const std::wstring& program, const wchar_t* name) {
    std::wstring line = L"x " + std::wstring(name);
    STARTUPINFOW how = {};
    how.cb = sizeof how;
    PROCESS_INFORMATION made = {};
    DWORD code = 99;
    if (::CreateProcessW(program.c_str(), &line[0], nullptr, nullptr, FALSE, 0, nullptr, nullptr, &how, &made) == FALSE)
        return code;
    ::WaitForSingleObject(made.hProcess, INFINITE);
    ::GetExitCodeProcess(made.hProcess, &code);
    ::CloseHandle(made.hProcess);
    ::CloseHandle(made.hThread);
    return code;
}

// This program, below a copy of it that is called services.exe.
CASE(the_parent_shows) {
    constexpr const wchar_t* own_name = L"the_parent_shows";
    constexpr const wchar_t* child_of = L"DAEMONIZE_TEST_CHILD_OF";
    wchar_t program[MAX_PATH];
    if (::GetEnvironmentVariableW(child_of, program, MAX_PATH) == 0) {
        HOLDS(!detail::is_started_by_scm());
        const std::wstring own = detail::program_path();
        const std::wstring folder = own.substr(0, own.find_last_of(L'\\') + 1) + own_name;
        const std::wstring copy = folder + L"\\services.exe";
        ::CreateDirectoryW(folder.c_str(), nullptr); // which may be there, of a run that failed
        HOLDS(::CopyFileW(own.c_str(), copy.c_str(), FALSE));
        ::SetEnvironmentVariableW(child_of, own.c_str());
        SAME(run_again(copy, own_name), 0u);
        HOLDS(::DeleteFileW(copy.c_str()) && ::RemoveDirectoryW(folder.c_str()));
    } else if (detail::program_path() != program) {
        SAME(run_again(program, own_name), 0u);
    } else {
        seam::closed = 0;
        HOLDS(detail::is_scm_parent() == true);
        SAME(seam::closed, 1);
        HOLDS(detail::is_started_by_scm());
        seam::is_refused = true;
        HOLDS(!detail::is_scm_parent().has_value());
        HOLDS(detail::is_started_by_scm());
    }
}

// Said by the environment, and not found out: below another parent the dispatcher refuses, and nothing runs by hand.
CASE(the_environment_makes_it_a_service) {
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", "windows_scm");
    bool ran = false;
    SAME(Service("daemonize-test").run([&] { ran = true; }), exit_code(Stage::dispatcher));
    HOLDS(!ran);
}

// A folder that was moved is where it has been moved to.
CASE(data_of_a_user_are_where_the_user_has_them) {
    constexpr const wchar_t* folders = L"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders";
    constexpr const wchar_t* name = L"Local AppData";
    wchar_t before[MAX_PATH];
    DWORD size = sizeof before;
    DWORD type = REG_NONE;
    SAME(::RegGetValueW(HKEY_CURRENT_USER, folders, name, RRF_RT_ANY | RRF_NOEXPAND, &type, before, &size), NO_ERROR);
    const std::wstring program = detail::program_path();
    const std::wstring moved = program.substr(0, program.find_last_of(L'\\'));
    HOLDS(detail::data_directory(true) != moved);
    SAME(::RegSetKeyValueW(HKEY_CURRENT_USER, folders, name, REG_SZ, moved.c_str(),
                           static_cast<DWORD>((moved.size() + 1) * sizeof(wchar_t))),
         NO_ERROR);
    HOLDS(detail::data_directory(true) == moved);
    HOLDS(detail::data_directory(false) != moved);
    SAME(::RegSetKeyValueW(HKEY_CURRENT_USER, folders, name, type, before, size), NO_ERROR);
}

// The id of an ended process, and the id 0.
CASE(a_process_that_nobody_knows) {
    for (const std::uint32_t id : {0u, 0xfffffff0u}) {
        seam::closed = 0;
        const detail::ProcessInfo info = detail::process_info(id);
        SAME(info.since, 0);
        SAME(info.memory, 0u);
        SAME(seam::closed, 0); // of what was never opened
    }
    const detail::ProcessInfo own = detail::process_info(::GetCurrentProcessId());
    HOLDS(own.since > 0 && own.memory > 0);
    SAME(seam::closed, 1);
}

CASE(command_lines) {
    // Ours and Windows' own reading of one text.
    std::uint32_t seed = 1;
    const auto next = [&](std::uint32_t below) { return (seed = seed * 1664525 + 1013904223) / 65536 % below; };
    for (int round = 0; round < 20000; ++round) {
        std::string line = next(2) == 0 ? "x.exe " : "\"a b\" ";
        for (std::uint32_t length = next(14); length > 0; --length) line += "ab \t\"\"\\\\"[next(8)];
        int count = 0;
        wchar_t** const values = ::CommandLineToArgvW(daemonize::detail::widen(line).c_str(), &count);
        std::string theirs;
        for (int i = 0; i < count; ++i) theirs += "<" + daemonize::detail::narrow(values[i]) + ">";
        ::LocalFree(values);
        std::string own;
        for (const std::string& value : daemonize::detail::parse_command_line(line)) own += "<" + value + ">";
        SAME(own + " of " + line, theirs + " of " + line);
        if (test::failures() > 5) return;
    }
}

int main(int count, char** values) { return test::run(count, values); }
