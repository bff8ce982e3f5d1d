// What Windows refuses, call by call: Wine refuses next to nothing itself, so the seam does it here.
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <string>

namespace seam {

// The call to refuse, the first time that it comes, and the error.
inline std::string refused;
inline DWORD error = 0;

template <class Result, class... Arguments>
struct Refusal {
    static Result WINAPI answer(Arguments...) {
        ::SetLastError(error);
        return Result();
    }
};

template <class Result, class... Arguments>
auto choose(const char* name, Result(WINAPI* real)(Arguments...)) -> decltype(real) {
    if (refused != name) return real;
    refused.clear();
    return &Refusal<Result, Arguments...>::answer;
}

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
    const auto status = [](Failure& failure) {
        ServiceStatus result;
        return manager.status(result, failure);
    };
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
}

int main(int count, char** values) try { return test::run(count, values); } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
}
