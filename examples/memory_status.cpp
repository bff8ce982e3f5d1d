// The MemoryStatus service: writes the machine's memory figures to a file every 5 seconds. Usage: memory_status
// [install|uninstall|start|stop|pause|continue|status] [--log FILE]; without a verb the program is the service.
#include <daemonize.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <windows.h>

namespace {

bool write_memory_status(const std::filesystem::path& log) {
    MEMORYSTATUSEX memory = {sizeof memory, 0, 0, 0, 0, 0, 0, 0, 0};
    GlobalMemoryStatusEx(&memory);
    std::ofstream file(log, std::ios::app);
    file << "in use " << memory.dwMemoryLoad << " %, physical " << memory.ullAvailPhys / 1024 << " of "
         << memory.ullTotalPhys / 1024 << " KiB free" << std::endl;
    return file.good();
}

int run(const std::string& log) {
    return daemonize::WinService("MemoryStatus")
        .accept(daemonize::Accept::pause_continue)
        .run([path = std::filesystem::u8path(log)](daemonize::WinService::Context& service) {
            if (!write_memory_status(path)) return 1;
            service.ready();
            while (service.sleep_for(std::chrono::seconds(5))) write_memory_status(path);
            return 0;
        });
}

} // namespace

int main() try {
    std::vector<std::string> arguments = daemonize::program_arguments();
    daemonize::ServiceConfig config;
    config.description = "Writes the machine's memory figures to a file every 5 seconds";
    std::string log = "MemoryStatus.log";
    if (arguments.size() >= 2 && arguments[arguments.size() - 2] == "--log") {
        log = arguments.back();
        config.arguments = {"--log", std::filesystem::absolute(std::filesystem::u8path(log)).u8string()};
        arguments.resize(arguments.size() - 2);
    }
    if (arguments.empty()) return run(log);
    const daemonize::ServiceManager manager("MemoryStatus");
    const std::string verb = arguments.size() == 1 ? arguments[0] : "";
    if (verb == "install") return manager.install(config), 0;
    if (verb == "uninstall") return manager.uninstall(), 0;
    if (verb == "start") return manager.start(), 0;
    if (verb == "stop") return manager.stop(), 0;
    if (verb == "pause") return manager.pause(), 0;
    if (verb == "continue") return manager.resume(), 0;
    if (verb == "status") return std::puts(daemonize::to_string(manager.status().state)), 0;
    return std::fputs("usage: memory_status [VERB] [--log FILE]\n", stderr), 2;
} catch (const daemonize::Error& error) {
    std::fprintf(stderr, "memory_status: %s\n", error.what());
    return error.failure().exit_code();
}
