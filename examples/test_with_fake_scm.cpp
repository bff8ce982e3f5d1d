// A test of a Windows service: its start, a pause and a shutdown of the machine, without Windows and without waiting.
#define DAEMONIZE_TESTING 1
#include <daemonize.hpp>

#include <chrono>
#include <cstdio>

namespace {

using namespace std::chrono_literals;

// The service of the application, as in a header of the application.
struct Backup {
    int rounds = 0;
    bool saved = false;
    daemonize::WinService service{"Backup"};

    Backup() {
        service.on_pause([] {}).on_continue([] {}).on_preshutdown([this] { saved = true; });
        service.body([this](daemonize::WinService::Context& context) {
            context.progress("reading the catalogue", 60s);
            if (context.sleep_for(45s)) context.ready();
            while (context.sleep_for(10min)) ++rounds;
        });
    }
};

int failures = 0;

void expect(bool holds, const char* what) {
    std::printf("%s: %s\n", holds ? "ok" : "failed", what);
    if (!holds) ++failures;
}

} // namespace

int main() {
    Backup backup;
    daemonize::testing::FakeScm scm(backup.service);
    scm.start({"--full"});
    expect(scm.control(daemonize::Control::stop) == 1052, "nothing is accepted while it starts");
    scm.advance(45s);
    expect(scm.state() == daemonize::ServiceState::running && !scm.hung(), "it starts within the reported time");
    scm.advance(1h);
    expect(backup.rounds == 6, "it makes a round every ten minutes");
    scm.control(daemonize::Control::pause);
    scm.advance(1h);
    expect(scm.state() == daemonize::ServiceState::paused && backup.rounds == 6, "paused, it makes none");
    scm.shut_down();
    expect(backup.saved && !scm.killed() && scm.exit_code() == 0, "it is saved before the machine goes down");
    return failures;
}
