// Bodies that return neither int nor void. Each CASE is compiled alone, and must be refused.
#include <daemonize.hpp>

void refused() {
#if CASE == 1
    daemonize::Service("refused").run([](daemonize::Context& context) {
        context.ready();
        return true;
    });
#elif CASE == 2
    daemonize::Service("refused").run([] { return 0.9; });
#elif CASE == 3
    daemonize::Daemonizer("refused").launch([](daemonize::Daemon&) { return 1L; });
#elif CASE == 4
    daemonize::WinService("refused").run([] { return static_cast<unsigned char>(0); });
#elif CASE == 5
    daemonize::WinService("refused").body([](daemonize::WinService::Context&) { return false; });
#else
    // These compile.
    daemonize::Service("accepted").run([] {});
    daemonize::Service("accepted").run([](daemonize::Context&) { return 0; });
    static_cast<void>(daemonize::Daemonizer("accepted").launch([](daemonize::Daemon&) { return 0; }));
    daemonize::WinService("accepted").run([] {});
#endif
}
