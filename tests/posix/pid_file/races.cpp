// Simultaneous starts on one pid file, and queries during starts.
#include "support/abilities.hpp"
#include "support/held.hpp"
#include "support/simultaneous_starts.hpp"

#include <vector>

using daemonize::Daemonizer;
using daemonize::PidFile;

namespace {

bool names_holder(const std::string& error, const std::string& path) {
    const std::string start = "racer: cannot lock the pid file " + path + ": ";
    if (error.compare(0, start.size(), start) != 0) return false;
    const std::string reason = error.substr(start.size());
    return reason.find("process ") != std::string::npos &&
           (reason.find(" holds it") != std::string::npos ||
            reason.find(" is starting the daemon") != std::string::npos);
}

} // namespace

TEST_CASE("of 64 starts at once exactly one wins, and the others say who runs or starts") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const test::StartRace result = test::race_starts(path, 64, 32);
    CHECK(result.winners == 1);
    CHECK(result.refused() == 63);
    CHECK(result.other == "");
    CHECK(!test::exists(path));
}

TEST_CASE("of 64 starts at once exactly one wins, in spite of a squatter and a stale file") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "1\n");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    test::Pipe squats;
    test::Pipe hold;
    const pid_t squatter = ::fork();
    if (squatter == 0) {
        hold.close_write();
        test::become_nobody();
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        struct flock request = {};
        request.l_type = F_RDLCK;
        if (file < 0 || ::fcntl(file, F_SETLK, &request) != 0) std::abort();
        squats.send_text("squats\n");
        hold.wait_until_closed();
        std::_Exit(0);
    }
    REQUIRE(squats.line() == "squats");
    test::Pipe ended;
    // In a child, so that its reaping of everybody leaves the squatter to us.
    const pid_t racing = ::fork();
    if (racing == 0) {
        hold.close_write();
        const test::Orphanage inner;
        const test::StartRace result = test::race_starts(path, 64, 32);
        ended.send_text(std::to_string(result.winners) + " " + std::to_string(result.refused()) + " " + result.other);
        std::_Exit(0);
    }
    CHECK(ended.rest() == "1 63 ");
    hold.close_write();
    CHECK(orphanage.wait_for(racing) == 0);
    CHECK(orphanage.wait_for(squatter) == 0);
    CHECK(!test::exists(path));
    CHECK(!test::exists(path + ".new"));
}

TEST_CASE("a start that meets the end of another daemon has the file, or is refused") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    std::vector<pid_t> starters;
    for (int i = 0; i < 4; ++i) {
        const pid_t starter = ::fork();
        if (starter != 0) {
            starters.push_back(starter);
            continue;
        }
        const test::Orphanage inner;
        for (int round = 0; round < 60; ++round) {
            test::Held daemon(Daemonizer("meets").pid_file(path));
            const daemonize::Failure& failure = daemon.launched().failure();
            if (!daemon.ok() && failure.stage() != daemonize::Stage::pid_file_lock) std::_Exit(1);
            if (!daemon.ok()) continue;
            // The file that was locked must be the one that is there.
            if (PidFile::holder(path).pid != daemon.pid()) std::_Exit(2);
            if (test::contents(path) != std::to_string(daemon.pid()) + "\n") std::_Exit(3);
        }
        std::_Exit(0);
    }
    for (const pid_t starter : starters) CHECK(orphanage.wait_for(starter) == 0);
    CHECK(!test::exists(path));
}

TEST_CASE("whoever takes a pid file that others give up all the time holds the one that is there") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    std::vector<pid_t> takers;
    for (int i = 0; i < 4; ++i) {
        const pid_t taker = ::fork();
        if (taker != 0) {
            takers.push_back(taker);
            continue;
        }
        for (int taken = 0, tried = 0; taken < 500 && tried < 100000; ++tried) {
            daemonize::Failure failure;
            const PidFile file = PidFile::acquire(path, failure);
            if (failure && failure.stage() != daemonize::Stage::pid_file_lock) std::_Exit(1);
            // That it changed under us is to be tried again, and not to be told.
            if (failure && !names_holder("racer: " + failure.message(), path)) std::_Exit(3);
            // By the inode at the path: one that was unlinked just before it was locked is not there any more.
            if (file && PidFile::holder(path).pid != ::getpid()) std::_Exit(2);
            if (file) ++taken;
        }
        std::_Exit(0);
    }
    for (const pid_t taker : takers) CHECK(orphanage.wait_for(taker) == 0);
    CHECK(!test::exists(path));
}

TEST_CASE("20,000 queries beside repeated starts disturb none") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    constexpr int enough = 20000;
    test::Pipe asked;
    test::Pipe stop;
    const pid_t asker = ::fork();
    if (asker == 0) {
        stop.close_write();
        for (int count = 1;; ++count) {
            daemonize::Failure failure;
            static_cast<void>(PidFile::holder(path, failure));
            if (failure) std::_Exit(1);
            if (count == enough) asked.send_text("asked\n");
            struct pollfd watched = {stop.read_end(), POLLIN, 0};
            if (count >= enough && ::poll(&watched, 1, 0) == 1) std::_Exit(0);
        }
    }
    asked.close_write();
    // As long as the queries last, and not less than a decent number of times.
    int starts = 0;
    for (bool done = false; !done || starts < 50; ++starts) {
        test::Held daemon(Daemonizer("beside").pid_file(path));
        INFO(daemon.launched().failure().message());
        REQUIRE(daemon.ok());
        CHECK(PidFile::holder(path).pid == daemon.pid());
        struct pollfd watched = {asked.read_end(), POLLIN, 0};
        done = ::poll(&watched, 1, 0) == 1;
    }
    CHECK(asked.line() == "asked");
    stop.close_write();
    CHECK(orphanage.wait_for(asker) == 0);
}
