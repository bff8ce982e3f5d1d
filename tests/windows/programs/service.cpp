// A service for the tests under Wine. The first start argument selects the behaviour. The service records its actions
// in a file beside the program, one line each.
#include <daemonize.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using Context = daemonize::WinService::Context;

// Relative on purpose: the working directory is to be the program's.
void note(const std::string& line) {
    std::FILE* file = std::fopen("notes.txt", "ab");
    if (file == nullptr) std::abort();
    std::fprintf(file, "%s\n", line.c_str());
    std::fclose(file);
}

int serve(Context& service) {
    note("ready"); // before the SCM sees RUNNING: the tests read the notes as soon as start() returns
    service.ready();
    service.wait_for_stop();
    note("stop " + std::to_string(static_cast<int>(service.stop_reason())));
    service.progress("cleaning up", 5s);
    return 0;
}

// Until the test removes the file: test::Delay.
bool is_delayed() { return static_cast<bool>(std::ifstream("delayed.txt")); }

int behave(Context& service) {
    const std::vector<std::string>& arguments = service.arguments();
    const std::string how = arguments.empty() ? "plain" : arguments[0];
    const int number = arguments.size() > 1 ? std::atoi(arguments[1].c_str()) : 0;
    if (how == "arguments") {
        for (const std::string& argument : arguments) note("argument " + argument);
        for (const std::string& argument : service.program_arguments()) note("line " + argument);
    }
    if (how == "exit" || how == "win32" || how == "throw" || how == "exit after stop") service.ready();
    if (how == "exit") return number;
    if (how == "win32") return service.exit_code(static_cast<std::uint32_t>(number)), 0;
    if (how == "throw" || how == "throw early") throw std::runtime_error("on purpose");
    if (how == "never ready") return 0;
    if (how == "never ready, slowly") return service.sleep_for(500ms), 0;
    if (how == "exit after stop") return service.wait_for_stop(), number;
    if (how == "slow") {
        for (int i = 0; i < number || is_delayed(); ++i) {
            service.progress("step " + std::to_string(i), 2s);
            if (!service.sleep_for(100ms)) break;
        }
    }
    if (how == "stalled") {
        service.progress("half", 1s);
        while (is_delayed()) ::Sleep(20);
    }
    if (how == "slow stop") {
        serve(service);
        for (int i = 0; i < number; ++i) {
            service.progress("writing", 2s);
            ::Sleep(100);
        }
        note("cleaned up");
        return 0;
    }
    return serve(service);
}

daemonize::WinService& set_up(daemonize::WinService& service) {
    return service.wait_hint(3s)
        .on_pause([](Context& context) { note(context.paused() ? "paused early" : "pause"); })
        .on_continue([] { note("continue"); })
        .on_param_change([] { note("param change"); })
        .on_netbind_change(
            [](Context&, daemonize::Control which) { note("netbind " + std::to_string(static_cast<int>(which))); })
        .on_user_control(130, [] { note("control 130"); })
        .on_user_control(131, daemonize::in_handler, [] { return 1234u; })
        .body(behave);
}

} // namespace

int main() {
    const std::vector<std::string> arguments = daemonize::program_arguments();
    const std::string first_argument = arguments.empty() ? "" : arguments[0];
    daemonize::WinService service("daemonize-test");
    set_up(service);
    if (first_argument == "--two") {
        daemonize::WinService first("daemonize-test-first");
        daemonize::WinService second("daemonize-test-second");
        return daemonize::run_services(set_up(first), set_up(second));
    }
    if (first_argument == "--force-service") service.run_mode(daemonize::RunMode::service);
    const int code = service.run();
    note("main ends with " + std::to_string(code));
    return code;
}
