// install() and uninstall() under a real services.exe: over an existing service, and with invalid configurations.
#include "installed.hpp"

#include <chrono>

using namespace std::chrono_literals;
using namespace test;
using daemonize::Stage;

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
    config.program = beside("no such directory\\service.exe");
    HOLDS(!manager().install(config, failure) && code(failure) == 3);
    config.program = beside("");
    HOLDS(!manager().install(config, failure) && code(failure) == 2);
    config.program = beside("service.exe");
    config.failure_actions = {{daemonize::FailureAction::Type::run_command, 1s}};
    HOLDS(!manager().install(config, failure) && code(failure) == 87);
    HOLDS(!manager().exists());
    const Installed installed;
    SAME(code(start({"plain", std::string("a\0b", 3)})), 87);
    HOLDS(manager().status().state == ServiceState::stopped);
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
        return daemonize::detail::narrow(found.lpBinaryPathName) + "|" +
               daemonize::detail::narrow(found.lpDisplayName) + "|" + std::to_string(found.dwStartType) + "|" +
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
    HOLDS(!manager().uninstall(300ms, failure));
    SAME(code(failure), 1072);
    HOLDS(failure.message().find("marked for deletion") != std::string::npos);
    int thrown = 0;
    try {
        manager().uninstall(300ms);
    } catch (const daemonize::Error& error) {
        thrown = code(error.failure());
    }
    SAME(thrown, 1072);
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

int main(int count, char** values) { return run_cases(count, values); }
