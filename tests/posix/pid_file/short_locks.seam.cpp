// A lock that is held for an instant, as by a stop, and a start that fails at once: other processes try again.
#include "support/seam.hpp"

#include "support/abilities.hpp"
#include "support/service_program.hpp"

using daemonize::Context;
using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Instance;
using daemonize::OnTimeout;
using daemonize::PidFile;
using daemonize::Service;

namespace {

// Holds a dead daemon's file as a stop does that takes it away, and goes on with that at the asker's first pause.
class Removal {
  public:
    explicit Removal(const std::string& path) : path_(path) {
        test::write_file(path, "1\n");
        ::chmod(path.c_str(), 0644);
        file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        struct flock request = daemonize::detail::lock_request(F_WRLCK, 0, 2);
        if (file_ < 0 || ::fcntl(file_, F_OFD_SETLK, &request) != 0) throw std::runtime_error("cannot lock");
    }
    Removal(const Removal&) = delete;
    Removal& operator=(const Removal&) = delete;
    ~Removal() { finish(); }

    seam::Hook hook() {
        return [this](const seam::Call& call, seam::Answer&) {
            if (call.is("poll")) finish();
            return false;
        };
    }

  private:
    void finish() {
        if (file_ < 0) return;
        ::unlink(path_.c_str());
        ::close(file_);
        file_ = -1;
    }

    std::string path_;
    int file_ = -1;
};

} // namespace

TEST_CASE("the lock of a stop that takes a dead daemon's file away is taken for no daemon") {
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    SECTION("by a status") {
        Removal removal(path);
        const seam::Injection injection(removal.hook());
        CHECK(Instance::at(path).status().state == Instance::State::not_running);
    }
    SECTION("by a stop") {
        Removal removal(path);
        const seam::Injection injection(removal.hook());
        Instance::at(path).stop(Duration::milliseconds(test::patience));
    }
    SECTION("by who asks for the holder") {
        Removal removal(path);
        const seam::Injection injection(removal.hook());
        CHECK(!PidFile::holder(path).running);
    }
    SECTION("by a start") {
        const test::Orphanage orphanage;
        {
            Removal removal(path);
            const seam::Injection injection(removal.hook());
            CHECK(Daemonizer("started").pid_file(path).launch([] {}).failure().message() == "");
        }
        orphanage.wait_until_empty();
    }
    CHECK(!test::exists(path));
}

TEST_CASE("who may not write a dead daemon's file asks all the same, and leaves it") {
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "1\n");
    ::chmod(path.c_str(), 0644);
    const bool goes_meanwhile = GENERATE(false, true);
    daemonize::Failure failure;
    {
        const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
            if (!call.is("open") || (call.arguments[1] & O_ACCMODE) != O_RDWR) return false;
            if (goes_meanwhile) ::unlink(path.c_str());
            answer = {-1, EACCES};
            return true;
        });
        CHECK(Instance::at(path).stop(Duration(), OnTimeout::fail, failure));
    }
    CHECK(failure.message() == "");
    CHECK(test::exists(path) == !goes_meanwhile);
}

TEST_CASE("a daemon that another one replaces while it is looked at is not the one that is told") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    daemonize::Failure failure;
    const PidFile file = PidFile::acquire(path, failure);
    REQUIRE(file);
    const pid_t replaced = test::fork_clean();
    if (replaced == 0) {
        for (;;) ::pause();
    }
    test::Pipe report;
    const pid_t asker = test::fork_clean();
    if (asker == 0) {
        int asked = 0;
        const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
            auto* const lock = reinterpret_cast<struct flock*>(call.arguments[2]);
            if (!call.is("fcntl") || call.arguments[1] != F_GETLK || lock->l_start != 1 || ++asked > 1) return false;
            lock->l_type = F_WRLCK;
            lock->l_pid = replaced;
            answer = {0, 0};
            return true;
        });
        report.send_text(std::to_string(Instance::at(path).status().pid) + "\n");
        std::_Exit(0);
    }
    CHECK(report.line() == std::to_string(::getpid()));
    ::waitpid(asker, nullptr, 0);
    test::kill(replaced, SIGKILL);
    ::waitpid(replaced, nullptr, 0);
}

TEST_CASE("a start that was quicker and is stopped again leaves the place to the one that waits for it") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    test::Pipe begun, waits;
    const auto run = [&](bool is_slow) {
        return [&, is_slow](int argc, char** argv) {
            return Service("tested")
                .posix(
                    [&](Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid").keep_fd(begun.write_end()); })
                .run(argc, argv, [&, is_slow](Context& context) {
                    if (!is_slow) context.ready();
                    begun.send_text("begun\n");
                    context.wait_for_stop();
                });
        };
    };
    test::Run quicker(run(true), {"start"});
    REQUIRE(begun.line() == "begun");
    const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
        // The pause of one that waits for another's start to be over.
        if (call.is("poll") && call.arguments[0] == 0 && call.arguments[2] == 10) waits.send_text("waits\n");
        return false;
    });
    test::Run waiting(run(false), {"start"});
    REQUIRE(waits.line() == "waits");
    CHECK(test::run(run(false), {"stop"}).code == 0);
    CHECK(quicker.end() == 1);
    CHECK(quicker.error == "tested: the service was asked to stop before it was ready\n");
    CHECK(waiting.end() == 0);
    CHECK(waiting.error.empty());
    CHECK(waiting.output == "tested: running, pid " + std::to_string(PidFile::holder(directory / "pid").pid) + "\n");
    CHECK(test::run(run(false), {"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a start that put its file in a squatted one's place is not replaced by one that looked before") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "");
    const int squatter = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    // The whole file, so that not even the byte that names a launcher keeps two starts apart.
    struct flock read_lock = daemonize::detail::lock_request(F_RDLCK, 0, 0);
    REQUIRE(::fcntl(squatter, F_OFD_SETLK, &read_lock) == 0);
    test::Pipe hold, reported;
    pid_t winner = -1;
    daemonize::Failure failure;
    {
        // The second start has found the squatter, and is about to make its own file.
        const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
            if (winner >= 0 || !call.is("open") || call.path() != path + ".new") return false;
            winner = test::fork_clean();
            if (winner == 0) {
                hold.close_write();
                daemonize::Failure none;
                const PidFile file = PidFile::acquire(path, none);
                reported.send_text(file ? "holds\n" : "fails\n");
                hold.wait_until_closed();
                std::_Exit(0);
            }
            CHECK(reported.line() == "holds");
            return false;
        });
        const PidFile second = PidFile::acquire(path, failure);
        CHECK_FALSE(second);
    }
    CHECK(failure.message() ==
          "cannot lock the pid file " + path + ": process " + std::to_string(winner) + " holds it");
    CHECK_FALSE(test::exists(path + ".new"));
    hold.close_write();
    CHECK(orphans.wait_for(winner) == 0);
    ::close(squatter);
}
