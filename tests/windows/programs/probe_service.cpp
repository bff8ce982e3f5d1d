// A Service that records its observations in notes-NAME.txt beside the program. The instance follows `@` in the name of
// the program. The first argument selects the behaviour: fail, leave, throw, or any other text to run until a stop.
#include <daemonize.hpp>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace {

std::ofstream notes(const std::string& name) {
    return std::ofstream(std::filesystem::u8path("notes-" + name + ".txt"), std::ios::app | std::ios::binary);
}

int run(daemonize::Context& context) {
    const std::string name = context.name();
    const std::string life = context.arguments().empty() ? "" : context.arguments()[0];
    if (life == "fail") return context.fail("the disk is full", 3);
    if (life == "throw") throw std::runtime_error("thrown by the body");
    if (life == "leave") return 0;
    context.on_reload([&] { notes(name) << "reloaded\n"; });
    context.on_reopen_logs([&] { notes(name) << "reopened\n"; });
    for (const std::string& argument : context.arguments()) notes(name) << "<" << argument << ">\n";
    notes(name) << "host " << to_string(context.host().kind) << "\nstate " << context.state_directory() << "\nlog "
                << context.log_directory() << "\nsocket "
                << (context.sockets()[0].kind() == daemonize::SocketKind::listening) << "\n";
    std::ofstream(std::filesystem::u8path(context.state_directory() + "/kept.txt")) << "kept";
    context.ready();
    context.wait_for_stop();
    notes(name) << "stopped " << static_cast<int>(context.stop_reason()) << "\n";
    return 7; // a stop that was asked for is no failure
}

} // namespace

int main(int argc, char** argv) {
    const std::string program =
        std::filesystem::u8path(daemonize::detail::program_and_arguments()[0]).stem().u8string();
    const std::size_t at = program.find('@');
    return daemonize::Service("daemonize-probe")
        .description("Writes down what it sees")
        .instance_name(at == std::string::npos ? "" : program.substr(at + 1))
        .listen("web", "127.0.0.1:0")
        .windows([](auto&, daemonize::ServiceConfig& config) { config.start = daemonize::StartType::manual; })
        .run(argc, argv, run);
}
