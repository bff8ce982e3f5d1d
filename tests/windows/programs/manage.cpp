// What an installed service does under a real services.exe, through ServiceManager and past it.
#include <daemonize.hpp>

#include <chrono>
#include <fstream>
#include <iterator>

#include <shellapi.h>

#include "check.hpp"

using namespace std::chrono_literals;
using daemonize::Control;
using daemonize::Failure;
using daemonize::ServiceConfig;
using daemonize::ServiceManager;
using daemonize::ServiceState;
using daemonize::Stage;

namespace {

const ServiceManager& manager() {
    static const ServiceManager one("daemonize-test");
    return one;
}

std::string beside(const std::string& name) {
    const std::string self = daemonize::detail::narrow(daemonize::detail::program_path().c_str());
    return self.substr(0, self.find_last_of("\\/") + 1) + name;
}

// Relative, as a narrow path knows no other alphabet.
std::string notes() {
    std::ifstream file("notes.txt", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Installed, and taken away again, whatever the test did.
class Installed {
  public:
    explicit Installed(ServiceConfig config = {}) {
        take_away();
        if (config.program.empty()) config.program = beside("service.exe");
        manager().install(config);
    }
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;
    ~Installed() { take_away(); }

  private:
    static void take_away() {
        Failure ignored;
        static_cast<void>(manager().uninstall(ignored));
        std::remove("notes.txt");
    }
};

int code(const Failure& failure) { return failure.code().value(); }

Failure start(const std::vector<std::string>& arguments) {
    Failure failure;
    static_cast<void>(manager().start(arguments, failure));
    return failure;
}

// By StartService alone, with no wait for RUNNING.
void only_start(std::vector<const wchar_t*> arguments) {
    const SC_HANDLE scm = ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
    const SC_HANDLE service = ::OpenServiceW(scm, L"daemonize-test", SERVICE_START);
    HOLDS(::StartServiceW(service, static_cast<DWORD>(arguments.size()), arguments.data()));
    ::CloseServiceHandle(service);
    ::CloseServiceHandle(scm);
}

// By ControlService alone.
DWORD raw_control(DWORD control, DWORD access) {
    const SC_HANDLE scm = ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
    const SC_HANDLE service = ::OpenServiceW(scm, L"daemonize-test", access);
    SERVICE_STATUS status;
    const DWORD error = ::ControlService(service, control, &status) ? 0 : ::GetLastError();
    ::CloseServiceHandle(service);
    ::CloseServiceHandle(scm);
    return error;
}

} // namespace

CASE(life) {
    const Installed installed;
    HOLDS(manager().exists());
    HOLDS(manager().status().state == ServiceState::stopped);
    manager().start();
    const daemonize::ServiceStatus status = manager().status();
    HOLDS(status.state == ServiceState::running);
    HOLDS(status.process_id != 0);
    HOLDS(status.checkpoint == 0);
    manager().pause();
    HOLDS(manager().status().state == ServiceState::paused);
    manager().resume();
    HOLDS(manager().status().state == ServiceState::running);
    manager().control(130u);
    manager().control(Control::param_change);
    manager().control(Control::netbind_remove);
    manager().control(Control::interrogate);
    manager().stop();
    HOLDS(manager().status().state == ServiceState::stopped);
    SAME(manager().status().exit_code, 0u);
    manager().stop();
    // The process outlives STOPPED a little, and writes its last line then.
    const std::string expected = "ready\npause\ncontinue\ncontrol 130\nparam change\nnetbind 8\nstop 1\n";
    SAME(notes().substr(0, expected.size()), expected);
    manager().uninstall();
    HOLDS(!manager().exists());
}

CASE(exit_codes) {
    const Installed installed;
    const auto ended = [](const std::vector<std::string>& arguments) {
        Failure failure = start(arguments);
        static_cast<void>(manager().wait_for(ServiceState::stopped, failure));
        return manager().status();
    };
    SAME(ended({"exit", "0"}).exit_code, 0u);
    SAME(ended({"exit", "7"}).exit_code, 1066u);
    SAME(manager().status().service_exit_code, 7u);
    SAME(ended({"win32", "1450"}).exit_code, 1450u);
    SAME(ended({"throw"}).exit_code, 1064u);
    SAME(ended({"throw early"}).exit_code, 1064u);
    SAME(ended({"never ready"}).exit_code, 1067u);
    HOLDS(!start({"exit after stop", "9"}));
    manager().stop();
    SAME(manager().status().exit_code, 0u);
}

CASE(failed_start) {
    const Installed installed;
    const Failure failure = start({"throw early"});
    HOLDS(failure.stage() == Stage::service_wait);
    SAME(code(failure), 1064);
    HOLDS(failure.message().find("daemonize-test") != std::string::npos);
    SAME(code(start({"never ready"})), 1067);
}

CASE(slow_start) {
    const Installed installed;
    manager().start({"slow", "40"}); // longer than its wait hint of 3 s
    HOLDS(manager().status().state == ServiceState::running);
    SAME(code(start({})), 1056);
}

CASE(stop_during_slow_start) {
    const Installed installed;
    only_start({L"slow", L"15"});
    daemonize::ServiceStatus status;
    do status = manager().status();
    while (status.checkpoint < 3 && status.state == ServiceState::start_pending);
    HOLDS(status.state == ServiceState::start_pending);
    HOLDS(status.accepted == daemonize::Accept::none);
    SAME(raw_control(SERVICE_CONTROL_STOP, SERVICE_STOP), 1052u);
    manager().stop(); // waits until it runs
    HOLDS(manager().status().state == ServiceState::stopped);
    SAME(notes().substr(0, 6), "ready\n");
}

CASE(stalled_start) {
    const Installed installed;
    const DWORD begun = ::GetTickCount();
    const Failure failure = start({"stalled"});
    SAME(code(failure), 1053);
    HOLDS(failure.message().find("shows no progress") != std::string::npos);
    HOLDS(::GetTickCount() - begun < 20000);
    // It takes no stop while it is starting, so its process has to go.
    const HANDLE process = ::OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, manager().status().process_id);
    HOLDS(::TerminateProcess(process, 1));
    ::WaitForSingleObject(process, INFINITE);
    ::CloseHandle(process);
}

CASE(slow_stop) {
    const Installed installed;
    manager().start({"slow stop", "40"});
    manager().stop();
    HOLDS(notes().find("cleaned up\n") != std::string::npos);
    SAME(manager().status().exit_code, 0u);
}

CASE(cycles) {
    const Installed installed;
    for (int i = 0; i < 200; ++i) {
        manager().start();
        manager().stop();
        SAME(manager().status().exit_code, 0u);
    }
}

CASE(arguments) {
    ServiceConfig config;
    config.arguments = {"--name", "two words", "a\"quote\\", ""};
    const Installed installed(config);
    manager().start({"arguments", "\xd0\xba\xd0\xbe\xd1\x82", "c:\\x y\\"});
    const std::string expected = "argument arguments\nargument \xd0\xba\xd0\xbe\xd1\x82\nargument c:\\x y\\\n"
                                 "line --name\nline two words\nline a\"quote\\\nline \nready\n";
    SAME(notes().substr(0, expected.size()), expected);
}

CASE(wrong_controls) {
    const Installed installed;
    Failure failure;
    HOLDS(!manager().control(Control::param_change, failure));
    SAME(code(failure), 1062);
    manager().start();
    HOLDS(!manager().control(127u, failure) && code(failure) == 87);
    HOLDS(!manager().control(256u, failure) && code(failure) == 87);
    SAME(raw_control(128, SERVICE_USER_DEFINED_CONTROL), raw_control(255, SERVICE_USER_DEFINED_CONTROL));
    HOLDS(manager().status().state == ServiceState::running);
}

CASE(no_such_service) {
    const ServiceManager none("daemonize-none");
    Failure failure;
    HOLDS(!none.start({}, failure));
    SAME(code(failure), 1060);
    HOLDS(failure.stage() == Stage::service_open);
    HOLDS(failure.message().find("daemonize-none") != std::string::npos);
    HOLDS(!none.stop(failure) && code(failure) == 1060);
    HOLDS(!none.uninstall(failure) && code(failure) == 1060);
    bool thrown = false;
    try {
        none.pause();
    } catch (const daemonize::Error& error) {
        thrown = error.code().value() == 1060;
    }
    HOLDS(thrown);
}

CASE(wrong_names) {
    ServiceConfig config;
    config.program = beside("service.exe");
    for (const std::string& name : {std::string(), std::string(257, 'x'), std::string("a/b"), std::string("a\\b")}) {
        Failure failure;
        HOLDS(!ServiceManager(name).install(config, failure));
        SAME(code(failure), 123);
        HOLDS(failure.stage() == Stage::options);
        HOLDS(!ServiceManager(name).start({}, failure) && code(failure) == 123);
    }
}

CASE(wrong_configurations) {
    Failure failure;
    ServiceConfig config;
    config.program = beside("no such file.exe");
    HOLDS(!manager().install(config, failure));
    SAME(code(failure), 2);
    HOLDS(failure.message().find("no such file.exe") != std::string::npos);
    config.program = beside("");
    HOLDS(!manager().install(config, failure));
    config.program = beside("service.exe");
    config.failure_actions = {{daemonize::FailureAction::Type::run_command, 1s}};
    HOLDS(!manager().install(config, failure) && code(failure) == 87);
    HOLDS(!manager().exists());
}

CASE(disabled) {
    ServiceConfig config;
    config.start = daemonize::StartType::disabled;
    const Installed installed(config);
    const Failure failure = start({});
    SAME(code(failure), 1058);
    HOLDS(failure.stage() == Stage::service_start);
    config.start = daemonize::StartType::manual;
    config.program = beside("service.exe");
    manager().install(config);
    HOLDS(!start({}));
}

CASE(nothing_half_installed) {
    // Wine knows no SID type (error 124): a real refusal, after the service itself was made.
    ServiceConfig config;
    config.program = beside("service.exe");
    config.sid_type = daemonize::SidType::unrestricted;
    Failure failure;
    HOLDS(!manager().install(config, failure));
    SAME(code(failure), 124);
    HOLDS(failure.stage() == Stage::service_configure);
    HOLDS(!manager().exists());
    config.sid_type = daemonize::SidType::none;
    config.display_name = "before";
    config.description = "before";
    const Installed installed(config);
    const auto read = [] {
        const SC_HANDLE scm = ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
        const SC_HANDLE service = ::OpenServiceW(scm, L"daemonize-test", SERVICE_QUERY_CONFIG);
        alignas(QUERY_SERVICE_CONFIGW) static BYTE bytes[8192];
        alignas(SERVICE_DESCRIPTIONW) static BYTE text[8192];
        DWORD size;
        HOLDS(::QueryServiceConfigW(service, reinterpret_cast<QUERY_SERVICE_CONFIGW*>(bytes), sizeof bytes, &size));
        HOLDS(::QueryServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, text, sizeof text, &size));
        ::CloseServiceHandle(service);
        ::CloseServiceHandle(scm);
        const auto& found = *reinterpret_cast<const QUERY_SERVICE_CONFIGW*>(bytes);
        return daemonize::detail::narrow(found.lpBinaryPathName) + "|" + daemonize::detail::narrow(found.lpDisplayName) +
               "|" + std::to_string(found.dwStartType) + "|" +
               daemonize::detail::narrow(reinterpret_cast<const SERVICE_DESCRIPTIONW*>(text)->lpDescription);
    };
    const std::string before = read();
    SAME(before, "\"" + beside("service.exe") + "\"|before|3|before");
    config.arguments = {"after"};
    config.display_name = config.description = "after";
    config.start = daemonize::StartType::automatic;
    config.sid_type = daemonize::SidType::restricted;
    HOLDS(!manager().install(config, failure));
    SAME(read(), before);
    config.sid_type = daemonize::SidType::none;
    HOLDS(manager().install(config, failure));
    SAME(read(), "\"" + beside("service.exe") + "\" after|after|2|after");
}

CASE(install_over_a_running_one) {
    const Installed installed;
    manager().start();
    const std::uint32_t process = manager().status().process_id;
    ServiceConfig config;
    config.program = beside("service.exe");
    config.arguments = {"--second"};
    manager().install(config);
    SAME(manager().status().process_id, process);
    manager().restart({"arguments"});
    HOLDS(manager().status().process_id != process);
    HOLDS(notes().find("line --second\n") != std::string::npos);
}

CASE(marked_for_deletion) {
    const Installed installed;
    manager().start();
    const SC_HANDLE scm = ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
    const SC_HANDLE held = ::OpenServiceW(scm, L"daemonize-test", SERVICE_QUERY_STATUS);
    Failure failure;
    HOLDS(!manager().uninstall(failure, 300ms));
    SAME(code(failure), 1072);
    HOLDS(failure.message().find("marked for deletion") != std::string::npos);
    ::CloseServiceHandle(held);
    // Half deleted, and running.
    ServiceConfig config;
    config.program = beside("service.exe");
    manager().install(config);
    manager().start();
    {
        const SC_HANDLE service = ::OpenServiceW(scm, L"daemonize-test", DELETE);
        HOLDS(::DeleteService(service));
        ::CloseServiceHandle(service);
    }
    manager().install(config);
    HOLDS(!start({}));
    ::CloseServiceHandle(scm);
}

CASE(two_in_one_process) {
    const ServiceManager first("daemonize-test-first");
    const ServiceManager second("daemonize-test-second");
    ServiceConfig config;
    config.program = beside("service.exe");
    config.arguments = {"--two"};
    config.type = daemonize::ServiceType::share_process;
    first.install(config);
    second.install(config);
    first.start({"arguments", "one"});
    second.start({"arguments", "two"});
    HOLDS(first.status().type == daemonize::ServiceType::share_process);
    HOLDS(second.status().state == ServiceState::running); // Wine gives each its process, Windows one to both
    first.stop();
    HOLDS(second.status().state == ServiceState::running);
    second.stop();
    first.uninstall();
    second.uninstall();
    HOLDS(notes().find("argument one") < notes().find("argument two"));
}

CASE(forced_to_be_a_service) {
    // Said, and not found out: below another parent the dispatcher refuses, and nothing runs in the foreground.
    STARTUPINFOW start = {};
    start.cb = sizeof start;
    PROCESS_INFORMATION process = {};
    std::remove("notes.txt");
    wchar_t line[] = L"service.exe --force-service";
    HOLDS(::CreateProcessW(L"service.exe", line, nullptr, nullptr, FALSE, 0, nullptr, nullptr, &start, &process));
    ::WaitForSingleObject(process.hProcess, INFINITE);
    DWORD status = 0;
    HOLDS(::GetExitCodeProcess(process.hProcess, &status));
    SAME(static_cast<int>(status), daemonize::exit_code(Stage::dispatcher));
    HOLDS(notes().find("ready") == std::string::npos);
}

CASE(quoted_path) {
    // beside() is `…\a b\`: without quotes `…\a.exe` would be started.
    const Installed installed;
    HOLDS(beside("").find(' ') != std::string::npos);
    manager().start();
    HOLDS(notes().find("ready") == 0);
}

CASE(event_log) {
    const daemonize::EventLog log("daemonize-test");
    log.install();
    HOLDS(log.information("information"));
    HOLDS(log.warning("warning"));
    HOLDS(log.error("error"));
    Failure failure;
    HOLDS(log.write(daemonize::Severity::failure, std::string(40000, 'x'), failure));
    log.uninstall();
    log.uninstall();
}

// For the tests' own use: a program that stays, and says when it is there.
CASE(hold) {
    std::ofstream("held.txt") << "held";
    ::Sleep(INFINITE);
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

int main(int count, char** values) try {
    daemonize::detail::enter_program_directory();
    return test::run(count, values);
} catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
}
