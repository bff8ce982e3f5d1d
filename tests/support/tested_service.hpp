// A service program under test: runs its verbs, and receives the reports of its body.
#ifndef DAEMONIZE_TESTS_SUPPORT_TESTED_SERVICE_HPP
#define DAEMONIZE_TESTS_SUPPORT_TESTED_SERVICE_HPP

#include "support/service_program.hpp"

#include <stdexcept>

namespace test {

/// A service in a temporary directory. Its body sends each event to `report`.
class TestedService {
  public:
    Said operator()(
        const std::vector<std::string>& arguments, const std::function<void()>& prepare = [] {}) {
        return run([this](int argc, char** argv) { return main(argc, argv); }, arguments, prepare);
    }

    int main(int argc, char** argv) {
        return daemonize::Service("tested")
            .description("Is tested")
            .instance_name(instance)
            .stop_timeout(stop_timeout)
            .posix([this](daemonize::Daemonizer& daemonizer) {
                daemonizer.pid_file(pid_file).keep_fd(report.write_end()).keep_fd(hold.read_end());
            })
            .on_check_configuration([](const std::vector<std::string>& arguments, std::string& why) {
                if (!arguments.empty() && arguments[0] == "worse") throw std::runtime_error("worse is no better");
                if (arguments.empty() || arguments[0] != "bad") return true;
                why = "bad is bad";
                return false;
            })
            .run(argc, argv, [this](daemonize::Context& context) {
                if (body) return body(context);
                context.on_reload([this] { report.send_text("reload\n"); });
                context.ready();
                std::string line = "arguments";
                for (const std::string& argument : context.arguments()) line += " " + argument;
                report.send_text(line + "\n");
                context.wait_for_stop();
                return 0;
            });
    }

    pid_t pid() const { return daemonize::PidFile::holder(pid_file).pid; }

    Directory directory;
    std::string pid_file = directory / "tested.pid";
    std::string instance;
    daemonize::Duration stop_timeout = daemonize::Duration::milliseconds(patience);
    std::function<int(daemonize::Context&)> body;
    Pipe report;
    Pipe hold;
};

} // namespace test

#endif
