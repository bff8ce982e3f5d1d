// Steps and callbacks of the wrong result. Each CASE is compiled alone, and must be refused.
#include <daemonize.hpp>

#include <string>
#include <vector>

void refused(daemonize::Service& service, daemonize::Context& context) {
    using Arguments = std::vector<std::string>;
#if CASE == 1
    service.on_check_configuration([](const Arguments&, std::string&) { return 0; });
#elif CASE == 2
    service.on_check_configuration([](std::string&) { return 0; });
#elif CASE == 3
    service.on_check_configuration([](const Arguments&, std::string&) {});
#elif CASE == 4
    context.on_reopen_logs([] { return false; });
#elif CASE == 5
    context.on_pause([] { return 1; });
#elif CASE == 6
    context.on_continue([] { return true; });
#else
    // These compile.
    service.on_check_configuration([](const Arguments&, std::string& why) { return why.empty(); });
    service.on_check_configuration([] {}).on_check_configuration([] { return true; });
    context.on_reload([](std::string& why) { return why.empty(); }).on_reload([] {});
    context.on_reopen_logs([] {}).on_pause([] {}).on_continue([] {});
#endif
    static_cast<void>(service);
    static_cast<void>(context);
}
