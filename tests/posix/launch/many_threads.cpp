// A process with a thousand threads: a launch is refused without allow_threads(), and with allow_threads() the daemon
// has one thread.
#include "support/abilities.hpp"
#include "support/held.hpp"
#include "support/service_program.hpp"

#include <pthread.h>

using daemonize::Daemonizer;

namespace {

constexpr int count = 1000;

// That many threads beside the first, which wait until they are let go.
class Threads {
  public:
    Threads() {
        pthread_attr_t attributes;
        ::pthread_attr_init(&attributes);
        ::pthread_attr_setstacksize(&attributes, std::size_t{256} * 1024);
        const auto wait = [](void* pipe) -> void* {
            static_cast<test::Pipe*>(pipe)->wait_until_closed();
            return nullptr;
        };
        for (pthread_t& thread : threads_) {
            if (::pthread_create(&thread, &attributes, wait, &hold_) != 0) std::abort();
        }
        ::pthread_attr_destroy(&attributes);
    }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
    ~Threads() {
        hold_.close_write();
        for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
    }

  private:
    test::Pipe hold_;
    pthread_t threads_[count];
};

const std::string refused = "cannot fork: 1000 other threads run, which fork would lose: launch before that, or "
                            "allow_threads()";

} // namespace

TEST_CASE("a process with 1,000 threads launches nothing unless that is allowed, and then a daemon with one") {
    NEEDS(processes(1100));
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string reported = test::in_child([&]() -> std::string {
        const test::Orphanage inner;
        const Threads threads;
        Daemonizer daemonizer("threaded");
        daemonizer.pid_file(directory / "pid");
        const std::string message = daemonizer.launch([] {}).failure().message();
        if (message != refused || !inner.is_empty() || test::exists(directory / "pid")) return message;
        test::Held daemon(daemonizer.allow_threads().wait_until_ready(),
                          [](test::Pipe&) { daemonize::Daemon().ready(); });
        if (!daemon.ok()) return daemon.launched().failure().message();
        return test::process_status("Threads", daemon.pid()) + " of " + test::process_status("Threads");
    });
    CHECK(reported == "1 of 1001");
    orphanage.wait_until_empty();
    CHECK(!test::exists(directory / "pid"));
}

TEST_CASE("a service program with 1,000 threads starts nothing unless that is allowed, and obeys the other verbs") {
    NEEDS(processes(1100));
    const test::Orphanage orphanage;
    const test::Directory directory;
    const auto codes = [&](bool is_allowed, const std::vector<std::string>& verbs) {
        std::string text;
        for (const std::string& verb : verbs) {
            const auto service = test::plain_service(
                directory / "pid", [&](Daemonizer& daemonizer) { daemonizer.allow_threads(is_allowed); });
            const test::Said said = test::run(
                [&](int argc, char** argv) {
                    static_cast<void>(new Threads); // not to be joined by the daemon, which has lost them
                    return service(argc, argv);
                },
                {verb});
            text += std::to_string(said.code) + " " + said.error;
        }
        return text;
    };
    CHECK(codes(false, {"start", "status", "stop"}) == "1 tested: " + refused + "\n3 0 ");
    CHECK(orphanage.is_empty());
    CHECK(codes(true, {"start", "restart", "status"}) == "0 0 0 ");
    CHECK(test::process_status("Threads", daemonize::PidFile::holder(directory / "pid").pid) == "1");
    CHECK(codes(false, {"status", "reload", "stop"}) == "0 0 0 ");
    orphanage.wait_until_empty();
    CHECK(!test::exists(directory / "pid"));
}
