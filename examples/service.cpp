// Appends the time to a log, as a service on every host: a shell, systemd, s6, runit, cron, a container, Windows.
// Usage: service [VERB] [--config FILE] [--log FILE]; `service help` shows the verbs. FILE holds the seconds between
// lines.
#include <daemonize.hpp>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace {

struct Settings {
    std::string config, log = "timestamp.log";
    long interval = 60;
};
// Checks and stores the arguments, for the start, and for the verbs restart and reload.
bool read_settings(const std::vector<std::string>& arguments, Settings& settings, std::string& why) {
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
        if (arguments[i] == "--config") settings.config = arguments[i + 1];
        if (arguments[i] == "--log") settings.log = arguments[i + 1];
    }
    if (settings.config.empty()) return true;
    std::ifstream file(std::filesystem::u8path(settings.config));
    long seconds = 0;
    if (file >> seconds && seconds > 0) return (settings.interval = seconds) > 0;
    return (why = settings.config + " holds no number of seconds", false);
}

bool append_time(const std::string& log) {
    const std::time_t now = std::time(nullptr);
    std::ofstream file(std::filesystem::u8path(log), std::ios::app); // UTF-8, like every text of the library
    return static_cast<bool>(file << std::ctime(&now) << std::flush);
}

int run(daemonize::Context& context) {
    Settings settings;
    std::string why;
    if (!read_settings(context.arguments(), settings, why)) return context.fail(why, 6);
    context.on_reload([&](std::string& reason) { return read_settings(context.arguments(), settings, reason); });
    bool written = append_time(settings.log);
    if (written) context.ready();
    context.status("writing to " + settings.log);
    while (written && context.sleep_for(std::chrono::seconds(settings.interval))) written = append_time(settings.log);
    return written ? 0 : context.fail("cannot write " + settings.log);
}

} // namespace

int main(int argc, char** argv) {
    daemonize::Service service("timestampd");
    service.description("Appends the time to a log")
        .posix([](auto& daemonizer) { daemonizer.chdir(daemonize::keep); }) // a relative --log is the user's
        .on_check_configuration(
            [settings = Settings()](const std::vector<std::string>& arguments, std::string& why) mutable {
                return read_settings(arguments, settings, why);
            });
    if (const char* fd = std::getenv("NOTIFY_FD")) service.notify_fd(std::atoi(fd)); // where s6 waits
    return service.run(argc, argv, run);
}
