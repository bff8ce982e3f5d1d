// What ServiceManager asks of Windows, call by call, where Wine's services.exe shows none of it: the order in which
// dependents stop and start.
#include "answering_scm.hpp"

#include <daemonize.hpp>

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

CASE(dependents_start_again) {
    base_with_dependents();
    manager.restart();
    SAME(scm::joined(scm::events), std::string(all_stopped) + "start base\nstart middle\nstart top\n");
    SAME(scm::services[L"idle"].state, static_cast<DWORD>(SERVICE_STOPPED));
}

// One that somebody else was stopping when it was listed: it is waited for, but was not to run on.
CASE(stopping_dependent) {
    base_with_dependents();
    scm::services[L"top"].state = SERVICE_STOP_PENDING;
    scm::services[L"top"].stopping = 2;
    manager.restart();
    SAME(scm::joined(scm::events), "stopped top\nstop middle\nstopped middle\nstop base\nstopped base\n"
                                   "start base\nstart middle\n");
}

int main(int count, char** values) try { return test::run(count, values); } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
}
