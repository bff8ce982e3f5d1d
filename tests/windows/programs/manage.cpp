// The operations of ServiceManager, and direct calls of Windows, on an installed service under a real services.exe.
#include "installed.hpp"

#include <chrono>

using namespace std::chrono_literals;
using namespace test;
using daemonize::Control;
using daemonize::Stage;

namespace {

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

// A start after one that failed. Wine may give it to the last process, which is still on its way out, and wait for that
// in vain: 1053.
Failure start_anew(const std::vector<std::string>& arguments) {
    Failure failure = start(arguments);
    for (int i = 0; i < 20 && code(failure) == 1053; ++i) failure = start(arguments);
    return failure;
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
        Failure failure = start_anew(arguments);
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
    HOLDS(!start_anew({"exit after stop", "9"}));
    manager().stop();
    SAME(manager().status().exit_code, 0u);
}

CASE(failed_start) {
    const Installed installed;
    const Failure failure = start({"throw early"});
    HOLDS(failure.stage() == Stage::service_wait);
    SAME(code(failure), 1064);
    HOLDS(failure.message().find("daemonize-test") != std::string::npos);
    SAME(code(start_anew({"never ready"})), 1067);
    HOLDS(!start_anew({}));
    manager().stop();
    Failure ended;
    HOLDS(!manager().wait_for(ServiceState::running, ended));
    HOLDS(ended.message().find("the service stopped without an error") != std::string::npos);
}

CASE(slow_start) {
    const Installed installed;
    manager().start({"slow", "40"}); // longer than its wait hint of 3 s
    HOLDS(manager().status().state == ServiceState::running);
    SAME(code(start({})), 1056);
}

CASE(stop_during_slow_start) {
    const Installed installed;
    Delay delay;
    only_start({L"slow"});
    daemonize::ServiceStatus status;
    do status = manager().status();
    while (status.checkpoint < 3 && status.state == ServiceState::start_pending);
    HOLDS(status.state == ServiceState::start_pending);
    HOLDS(status.accepted == daemonize::Accept::none);
    SAME(raw_control(SERVICE_CONTROL_STOP, SERVICE_STOP), 1052u);
    delay.end();
    manager().stop(); // waits until it runs
    HOLDS(manager().status().state == ServiceState::stopped);
    SAME(notes().substr(0, 6), "ready\n");
}

CASE(stop_during_failing_start) {
    const Installed installed;
    only_start({L"never ready, slowly"});
    Failure failure;
    HOLDS(manager().stop(failure)); // it ended by itself, which is as good
    HOLDS(!failure);
    SAME(manager().status().exit_code, 1067u);
}

CASE(stalled_start) {
    const Installed installed;
    const Delay delay;
    const Failure failure = start({"stalled"});
    SAME(code(failure), 1053);
    HOLDS(failure.message().find("reports no progress") != std::string::npos);
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
    // beside() is `…\a b\`: without quotes `…\a.exe` would be started, where there is one.
    const Installed installed;
    const SC_HANDLE scm = ::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT);
    const SC_HANDLE service = ::OpenServiceW(scm, L"daemonize-test", SERVICE_QUERY_CONFIG);
    alignas(QUERY_SERVICE_CONFIGW) static BYTE bytes[8192];
    auto* const found = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(bytes);
    DWORD size = 0;
    HOLDS(::QueryServiceConfigW(service, found, sizeof bytes, &size));
    SAME(daemonize::detail::narrow(found->lpBinaryPathName), '"' + beside("service.exe") + '"');
    ::CloseServiceHandle(service);
    ::CloseServiceHandle(scm);
    HOLDS(beside("").find(' ') != std::string::npos);
    manager().start();
    HOLDS(notes().find("ready") == 0);
}

CASE(event_log) {
    const daemonize::EventLog log("daemonize-test");
    log.install();
    log.information("information");
    log.warning("warning");
    log.error("error");
    HOLDS(log.try_write(daemonize::Severity::information, "more"));
    Failure failure;
    log.uninstall();
    log.uninstall();
    // As a key these would be the whole log, another log's, or somebody else's.
    for (const std::string& source : {std::string(), std::string("a\\b"), std::string("a\0b", 3)}) {
        const daemonize::EventLog wrong(source);
        for (const bool install : {true, false}) {
            HOLDS(!(install ? wrong.install(failure) : wrong.uninstall(failure)));
            SAME(code(failure), 123);
            HOLDS(failure.stage() == Stage::event_log);
        }
    }
}

CASE(hold) {
    std::ofstream("held.txt") << "held";
    ::Sleep(INFINITE);
}

int main(int count, char** values) {
    // For wine.sh, which has to see that it fails.
    if (count > 1 && std::strcmp(values[1], "crash") == 0) ::RaiseException(EXCEPTION_ACCESS_VIOLATION, 0, 0, nullptr);
    return run_cases(count, values);
}
