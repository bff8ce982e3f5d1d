// The parts that only Windows has, each alone: what it copies, where it is, what a console tells it.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <cstring>
#include <string>

namespace seam {

inline std::size_t path_size = 0;

// As Windows answers for a path of that many characters: cut without an error where the buffer is too small.
inline DWORD WINAPI long_path(HMODULE, wchar_t* buffer, DWORD size) {
    for (DWORD i = 0; i < size && i < path_size; ++i) buffer[i] = L'x';
    return path_size < size ? static_cast<DWORD>(path_size) : size;
}

template <class Function>
Function* choose(const char*, Function* real) {
    return real;
}
inline auto choose(const char*, decltype(&::GetModuleFileNameW) real) { return path_size != 0 ? &long_path : real; }

} // namespace seam

#define DAEMONIZE_SYSTEM(call) seam::choose(#call, &::call)
#include <daemonize.hpp>

#include <chrono>
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

// What a console tells, as Windows does: by a call from a thread of its own.
static void end_by(DWORD told, StopReason expected, bool limited) {
    StopReason reason = StopReason::none;
    Duration left;
    WinService service("Console");
    service.run_as(RunAs::console);
    const int code = service.run([&](WinService::Context& context) {
        context.ready();
        const auto tell = [](void* event) -> DWORD {
            const auto number = static_cast<DWORD>(reinterpret_cast<std::uintptr_t>(event));
            return static_cast<DWORD>(detail::handle_console_event(number));
        };
        DWORD(WINAPI * entry)(void*) = tell;
        ::CloseHandle(::CreateThread(nullptr, 0, entry, reinterpret_cast<void*>(std::uintptr_t{told}), 0, nullptr));
        context.wait_for_stop();
        reason = context.stop_reason();
        left = context.stop_deadline();
        return 3;
    });
    SAME(code, 0);
    HOLDS(reason == expected);
    HOLDS((left <= Duration(5s)) == limited);
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
    first.run_as(RunAs::console).body([&](WinService::Context& context) {
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
    service.run_as(RunAs::console).run([&](WinService::Context& context) {
        context.ready();
        HOLDS(::WaitForSingleObject(context.native_handle(), 0) == WAIT_TIMEOUT);
        HOLDS(detail::handle_console_event(CTRL_C_EVENT) == TRUE);
        HOLDS(::WaitForSingleObject(context.native_handle(), 0) == WAIT_OBJECT_0);
        HOLDS(!context.poll());
        HOLDS(::WaitForSingleObject(context.native_handle(), 0) == WAIT_TIMEOUT);
    });
}

CASE(sleeping_takes_its_time) {
    WinService service("Sleeper");
    service.run_as(RunAs::console).run([&](WinService::Context& context) {
        context.ready();
        const DWORD before = ::GetTickCount();
        HOLDS(context.sleep_for(300ms));
        const DWORD took = ::GetTickCount() - before;
        HOLDS(took >= 280 && took < 3000);
        HOLDS(context.sleep_for(Duration()));
    });
}

CASE(host_is_told) {
    const Host seen = detect_host();
    HOLDS(seen.kind == HostKind::terminal || seen.kind == HostKind::unknown); // Wine's console may be none
    for (const char* name : {"windows_scm", "systemd", "unknown"}) {
        ::SetEnvironmentVariableA("DAEMONIZE_HOST", name);
        const Host chosen = detect_host();
        SAME(std::string(to_string(chosen.kind)), name);
        SAME(chosen.why, "DAEMONIZE_HOST says so");
    }
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", "scm");
    SAME(detect_host().why, "DAEMONIZE_HOST=scm is not the name of a host");
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", std::string(100, 'x').c_str());
    SAME(detect_host().why, "DAEMONIZE_HOST=(too long) is not the name of a host");
    ::SetEnvironmentVariableA("DAEMONIZE_HOST", nullptr);
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
        std::string ours;
        for (const std::string& value : daemonize::detail::parse_command_line(line)) ours += "<" + value + ">";
        SAME(ours + " of " + line, theirs + " of " + line);
        if (test::failures() > 5) return;
    }
}

int main(int count, char** values) { return test::run(count, values); }
