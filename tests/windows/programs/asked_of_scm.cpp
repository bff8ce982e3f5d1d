// The calls of ServiceManager that Wine's services.exe cannot show: the order in which dependents stop and start, each
// level of the configuration, and the access rights of every handle.
#include "answering_scm.hpp"

#include <daemonize.hpp>

#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>

#include "check.hpp"

using namespace daemonize;

namespace {

const ServiceManager manager("base");

scm::Service& service(const wchar_t* name, DWORD state, const scm::Text& dependents = {}) {
    scm::Service& one = scm::services[name];
    one.name = name;
    one.state = state;
    one.dependents = dependents;
    return one;
}

// top needs middle, and middle needs base; idle needs base too, and does not run. Windows lists those that need others
// before those that they need.
void base_with_dependents() {
    service(L"base", SERVICE_RUNNING, {L"idle", L"top", L"middle"});
    service(L"middle", SERVICE_RUNNING, {L"top"});
    service(L"top", SERVICE_RUNNING);
    service(L"idle", SERVICE_STOPPED);
}

// Each is waited for before the next is asked.
const char* const all_stopped = "stop top\nstopped top\nstop middle\nstopped middle\nstop base\nstopped base\n";

ServiceConfig plain() {
    ServiceConfig config;
    config.program = detail::narrow(detail::program_path().c_str());
    return config;
}

ServiceConfig full() {
    ServiceConfig config = plain();
    config.start = StartType::delayed;
    config.description = "what it does";
    using Type = FailureAction::Type;
    config.failure_actions = {{Type::restart, Duration::seconds(5)},
                              {Type::run_command, Duration::seconds(60)},
                              {Type::none, Duration::seconds(365 * 86400)}};
    config.failure_reset = Duration::seconds(3600);
    config.failure_command = "mend.exe /now";
    config.preshutdown_timeout = Duration::nanoseconds(45499000001);
    config.sid_type = SidType::restricted;
    config.privileges = {"SeChangeNotifyPrivilege", "SeShutdownPrivilege"};
    return config;
}

const char* const all_levels = "description: 'what it does'\n"
                               "failure actions: reset 3600, message '', command 'mend.exe /now', 3, "
                               "1 after 5000, 3 after 60000, 0 after 2147483647\n"
                               "delayed start: 1\n"
                               "non-crash failures: 1\n"
                               "SID type: 3\n"
                               "pre-shutdown time-out: 45500\n"
                               "privileges: SeChangeNotifyPrivilege SeShutdownPrivilege\n";

struct Level {
    DWORD number;
    const char* text;
};
const Level levels[] = {{SERVICE_CONFIG_DESCRIPTION, "'s description"},
                        {SERVICE_CONFIG_FAILURE_ACTIONS, "'s failure actions"},
                        {SERVICE_CONFIG_DELAYED_AUTO_START_INFO, "'s delayed start"},
                        {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, "'s flag for failures without a crash"},
                        {SERVICE_CONFIG_SERVICE_SID_INFO, "'s SID type"},
                        {SERVICE_CONFIG_PRESHUTDOWN_INFO, "'s pre-shutdown time-out"},
                        {SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, "'s privileges"}};

void refuse_level(const Level& level, const ServiceConfig& config) {
    scm::refused_level = level.number;
    Failure failure;
    HOLDS(!manager.install(config, failure));
    SAME(scm::refused_level, 0u);
    SAME(failure.code().value(), static_cast<int>(ERROR_NOT_ENOUGH_QUOTA));
    HOLDS(failure.stage() == Stage::service_configure);
    HOLDS(failure.message().find(std::string("base") + level.text) != std::string::npos);
    SAME(scm::open_handles, 0);
}

std::string rights(const std::vector<DWORD>& values) {
    std::ostringstream out;
    for (const DWORD value : values) out << (out.tellp() > 0 ? " " : "") << std::hex << value;
    return out.str();
}

// Checks the access rights of the opened managers and services, in order. The answering SCM refuses a call without its
// right, so the rights are also sufficient.
template <class Operation>
void opens(const char* managers, const char* services, Operation operation) {
    scm::forget();
    operation();
    SAME(rights(scm::manager_rights), managers);
    SAME(rights(scm::service_rights), services);
    SAME(scm::open_handles, 0);
}

// The exit status and the output of a verb. The output goes to a file, which may be read-only.
struct Performed {
    int status;
    std::string said;
};
Performed perform(detail::Verb verb, int how = _O_WRONLY | _O_TRUNC) {
    detail::ServiceSettings settings;
    settings.name = "base";
    const ServiceConfig config;
    detail::VerbLine line;
    line.verb = verb;
    std::ofstream("said.txt").close();
    const int before = ::_dup(1);
    const int file = ::_open("said.txt", how);
    ::_dup2(file, 1);
    const int status = detail::ServiceVerbs(settings, config, "base").perform(line);
    ::_dup2(before, 1);
    ::_close(file);
    ::_close(before);
    std::ifstream said("said.txt");
    return {status, std::string(std::istreambuf_iterator<char>(said), std::istreambuf_iterator<char>())};
}

} // namespace

CASE(dependents_stop_first) {
    base_with_dependents();
    manager.stop();
    SAME(scm::joined(scm::events), all_stopped);
    SAME(scm::open_handles, 0);
}

CASE(refusing_dependent) {
    base_with_dependents();
    for (const DWORD error : {ERROR_ACCESS_DENIED, ERROR_INVALID_SERVICE_CONTROL}) {
        scm::forget();
        scm::services[L"top"].refusal = error;
        Failure failure;
        HOLDS(!manager.stop(failure));
        SAME(failure.code().value(), static_cast<int>(error));
        HOLDS(failure.stage() == Stage::service_stop);
        HOLDS(failure.message().find("the service top") != std::string::npos);
        SAME(scm::joined(scm::events), "stop top\n");
        HOLDS(!manager.restart({}, failure));
        SAME(scm::joined(scm::events), "stop top\nstop top\n");
        SAME(scm::services[L"middle"].state, static_cast<DWORD>(SERVICE_RUNNING));
        SAME(scm::services[L"base"].state, static_cast<DWORD>(SERVICE_RUNNING));
        SAME(scm::open_handles, 0);
    }
}

// A process that ends before its handler has answered: error 109, and the SCM learns of the end a moment later.
CASE(ended_while_asked) {
    scm::Service& base = service(L"base", SERVICE_RUNNING);
    base.refusal = ERROR_BROKEN_PIPE;
    manager.stop();
    SAME(scm::joined(scm::events), "stop base\nstopped base\n");
    // A program that never sees STOPPED has not stopped the service, and its wait has an end.
    base.state = SERVICE_RUNNING;
    base.unnoticed = 100000;
    Failure failure;
    HOLDS(!manager.stop(failure));
    SAME(failure.code().value(), static_cast<int>(ERROR_BROKEN_PIPE));
    HOLDS(failure.stage() == Stage::service_stop);
    HOLDS(scm::clock >= 10000 && scm::clock < 20000);
    SAME(scm::open_handles, 0);
}

// The dependents that stopped for a restart that fails start again.
CASE(refused_restart) {
    base_with_dependents();
    scm::services[L"base"].refusal = ERROR_ACCESS_DENIED;
    Failure failure;
    HOLDS(!manager.restart({}, failure));
    HOLDS(failure.stage() == Stage::service_stop);
    HOLDS(failure.message().find("the service base") != std::string::npos);
    SAME(scm::joined(scm::events),
         "stop top\nstopped top\nstop middle\nstopped middle\nstop base\nstart middle\nstart top\n");
    SAME(scm::open_handles, 0);
}

CASE(dependents_start_again) {
    base_with_dependents();
    manager.restart();
    SAME(scm::joined(scm::events), std::string(all_stopped) + "start base\nstart middle\nstart top\n");
    SAME(scm::services[L"idle"].state, static_cast<DWORD>(SERVICE_STOPPED));
}

// Dependents that do not start again: the first failure is reported.
CASE(dependents_that_do_not_start_again) {
    base_with_dependents();
    scm::services[L"middle"].start_refusal = ERROR_SERVICE_DISABLED;
    scm::services[L"top"].start_refusal = ERROR_ACCESS_DENIED;
    Failure failure;
    HOLDS(!manager.restart({}, failure));
    SAME(failure.code().value(), static_cast<int>(ERROR_SERVICE_DISABLED));
    HOLDS(failure.message().find("the service middle") != std::string::npos);
    SAME(scm::services[L"base"].state, static_cast<DWORD>(SERVICE_RUNNING));
    SAME(scm::open_handles, 0);
}

CASE(stop_without_an_end) {
    service(L"base", SERVICE_STOP_PENDING).stopping = 1000000;
    Failure failure;
    HOLDS(!manager.stop(failure));
    HOLDS(failure.stage() == Stage::service_wait);
    HOLDS(failure.message().find("the service is still in the state stop_pending, and reports no progress") !=
          std::string::npos);
}

// A dependent that another program was stopping when it was listed: restart() waits for it, and does not start it.
CASE(stopping_dependent) {
    base_with_dependents();
    scm::services[L"top"].state = SERVICE_STOP_PENDING;
    scm::services[L"top"].stopping = 2;
    manager.restart();
    SAME(scm::joined(scm::events), "stopped top\nstop middle\nstopped middle\nstop base\nstopped base\n"
                                   "start base\nstart middle\n");
}

CASE(levels_of_a_new_service) {
    manager.install(full());
    SAME(scm::joined(scm::events), all_levels);
    SAME(scm::services[L"base"].start, static_cast<DWORD>(SERVICE_AUTO_START));
    // The default values of Windows are not set.
    scm::services.clear();
    scm::forget();
    manager.install(plain());
    SAME(scm::joined(scm::events), "");
    scm::services.clear();
    ServiceConfig config = plain();
    config.failure_actions = {{FailureAction::Type::restart, Duration::seconds(1)}};
    config.failure_reset = Duration::seconds(100LL * 365 * 86400);
    config.non_crash_failures = false;
    config.preshutdown_timeout = Duration::longest();
    manager.install(config);
    SAME(scm::joined(scm::events), "failure actions: reset 4294967295, message '', command '', 1, 1 after 1000\n"
                                   "pre-shutdown time-out: 2147483647\n");
}

CASE(levels_of_an_existing_service) {
    manager.install(plain());
    scm::forget();
    manager.install(full());
    SAME(scm::joined(scm::events), all_levels);
    // Present values are not set again; removed values are removed.
    scm::forget();
    ServiceConfig config = plain();
    config.sid_type = SidType::restricted;
    manager.install(config);
    SAME(scm::joined(scm::events), "description: ''\n"
                                   "failure actions: reset 86400, message '', command '', 0\n"
                                   "delayed start: 0\n"
                                   "non-crash failures: 0\n"
                                   "pre-shutdown time-out: 10000\n"
                                   "privileges:\n");
    const std::string left = ", start 3, '', '', reset 0, SID type 3, pre-shutdown time-out 10000";
    const std::string all = scm::configuration(L"base");
    SAME(all.substr(all.rfind(", start")), left);
}

// The attempt to make it, which failed on the way, is not left in the failure.
CASE(success_leaves_no_failure) {
    manager.install(plain());
    Failure failure;
    HOLDS(manager.install(plain(), failure));
    HOLDS(!failure);
}

CASE(refused_level_of_a_new_service) {
    for (const Level& level : levels) {
        refuse_level(level, full());
        SAME(scm::events.back(), "delete base");
        HOLDS(!manager.exists());
    }
}

CASE(refused_level_of_an_existing_service) {
    ServiceConfig before = plain();
    for (int i = 0; i < 2; ++i) {
        scm::services.clear();
        manager.install(before);
        const std::string configuration = scm::configuration(L"base");
        for (const Level& level : levels) {
            ServiceConfig after = full();
            after.display_name = "after";
            after.arguments = {"after"};
            refuse_level(level, after);
            SAME(scm::configuration(L"base"), configuration);
        }
        // And again over one that has everything.
        before.description = "before";
        before.start = StartType::automatic;
        before.failure_actions = {{FailureAction::Type::reboot, Duration::seconds(9)}};
        before.failure_command = "before.exe";
        before.non_crash_failures = false;
        before.sid_type = SidType::unrestricted;
        before.preshutdown_timeout = Duration::seconds(7);
        before.privileges = {"SeBackupPrivilege"};
    }
}

// To name it again would ask for its password.
CASE(account_that_stays) {
    manager.install(plain());
    ServiceConfig config = full();
    refuse_level(levels[0], config);
    SAME(scm::joined(scm::accounts), "LocalSystem\nnull\n");
    scm::forget();
    config.account = "NT AUTHORITY\\LocalService";
    refuse_level(levels[0], config);
    SAME(scm::joined(scm::accounts), "NT AUTHORITY\\LocalService\nLocalSystem\n");
}

CASE(rights_that_nobody_gave) {
    service(L"base", SERVICE_RUNNING);
    Failure failure;
    scm::denied_rights = detail::delete_access;
    HOLDS(!manager.uninstall(failure));
    SAME(failure.code().value(), static_cast<int>(ERROR_ACCESS_DENIED));
    HOLDS(manager.exists());
    // An SCM that does not answer is a failure, and not a service that is not installed.
    scm::denied_rights = SERVICE_QUERY_STATUS;
    HOLDS(!manager.exists(failure));
    SAME(failure.code().value(), static_cast<int>(ERROR_ACCESS_DENIED));
    bool thrown = false;
    try {
        static_cast<void>(manager.exists());
    } catch (const Error&) {
        thrown = true;
    }
    HOLDS(thrown);
    HOLDS(!manager.status(failure).has_value());
    SAME(failure.code().value(), static_cast<int>(ERROR_ACCESS_DENIED));
    scm::denied_rights = 0;
    HOLDS(!ServiceManager("nothing").exists(failure) && !failure);
    HOLDS(manager.status(failure).has_value() && !failure);
    // Without the arguments there is nothing to be checked, and the service is not told.
    scm::denied_rights = SERVICE_QUERY_CONFIG;
    SAME(perform(detail::Verb::reload).status, detail::lsb::no_rights);
    SAME(scm::open_handles, 0);
}

CASE(time_before_a_shutdown) {
    detail::ScmPort port;
    HOLDS(port.stop_allowance("base", StopReason::preshutdown) == Duration::seconds(10));
    ServiceConfig config = plain();
    config.preshutdown_timeout = Duration::seconds(45);
    manager.install(config);
    HOLDS(port.stop_allowance("base", StopReason::preshutdown) == Duration::seconds(45));
    HOLDS(port.stop_allowance("base", StopReason::shutdown) < Duration::longest());
    HOLDS(port.stop_allowance("base", StopReason::operator_request) == Duration::longest());
    SAME(scm::open_handles, 0);
}

CASE(verbs_say_what_there_is) {
    service(L"base", SERVICE_STOPPED);
    SAME(perform(detail::Verb::start).said, "base: running\n");
    scm::services[L"base"].process = 42;
    SAME(perform(detail::Verb::start).said, "base: already running, pid 42\n");
    SAME(perform(detail::Verb::status).status, detail::lsb::success);
    // status with a standard output that cannot be written does not report that the service runs.
    SAME(perform(detail::Verb::status, _O_RDONLY).status, detail::lsb::status_unknown);
    SAME(perform(detail::Verb::stop, _O_RDONLY).status, detail::lsb::success);
}

// The SCM: 1 connect, 2 create. A service: 1 query its configuration, 2 change it, 4 query its status, 8 list its
// dependents, 10 start, 20 stop, 40 pause and continue, 80 interrogate, 100 controls of its own, 10000 delete.
CASE(least_rights) {
    ServiceConfig restarting = plain();
    restarting.failure_actions = {{FailureAction::Type::restart, Duration::seconds(1)}};
    opens("3", "10002", [] { manager.install(plain()); });
    opens("3", "13", [] { manager.install(plain()); });
    opens("3", "13", [&] { manager.install(restarting); });
    opens("1 1 1", "2c 10000 4", [] { manager.uninstall(); });
    // A failure action that restarts the service needs the right to start it.
    opens("3", "10012", [&] { manager.install(restarting); });
    opens("1", "14", [] { manager.start(); });
    opens("1", "4", [] { static_cast<void>(manager.status()); });
    opens("1", "4", [] { HOLDS(manager.exists()); });
    opens("1", "4", [] { manager.wait_for(ServiceState::running); });
    opens("1", "44", [] { manager.pause(); });
    opens("1", "44", [] { manager.resume(); });
    opens("1", "100", [] { manager.control(200u); });
    opens("1", "40", [] { manager.control(Control::param_change); });
    opens("1", "40", [] { manager.control(Control::netbind_add); });
    opens("1", "80", [] { manager.control(Control::interrogate); });
    opens("1 1", "2c 14", [] { manager.restart(); });
    opens("1", "2c", [] { manager.stop(); });
    opens("1", "14", [] { manager.start(); });
    opens("1", "20", [] { manager.control(Control::stop); });
    base_with_dependents();
    opens("1 1 1 1 1 1", "2c 2c 2c 14 14 14", [] { manager.restart(); });
}

int main(int count, char** values) try { return test::run(count, values); } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
}
