// The locks of a pid file against other processes with locks, workers, programs that the daemon starts, and an
// application that reads its own pid file.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <sched.h>
#include <spawn.h>
#include <sys/file.h>

using daemonize::Daemonizer;
using daemonize::PidFile;

namespace {

enum class Squat { first_byte, second_byte, third_byte, whole_file, by_flock };

// Takes a read lock, as anyone may who can read the file, and keeps it.
void squat(const std::string& path, Squat kind, int command = F_SETLK) {
    test::become_nobody();
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) std::abort();
    if (kind == Squat::by_flock) {
        if (::flock(file, LOCK_SH | LOCK_NB) != 0) std::abort();
        return;
    }
    struct flock request = {};
    request.l_type = F_RDLCK;
    request.l_whence = SEEK_SET;
    request.l_start = kind == Squat::whole_file ? 0 : static_cast<off_t>(kind);
    request.l_len = kind == Squat::whole_file ? 0 : 1;
    if (::fcntl(file, command, &request) != 0) std::abort();
}

bool waits_for_lock(pid_t pid) {
    const std::string waiting = " " + std::to_string(pid) + " ";
    std::ifstream locks("/proc/locks"); // a waiting one follows an arrow: `1: -> POSIX  ADVISORY  READ  4711 …`
    for (std::string line; std::getline(locks, line);) {
        if (line.find("->") != std::string::npos && line.find(waiting) != std::string::npos) return true;
    }
    return false;
}

std::string refusal_of_second_start(const std::string& path) {
    return test::run_launcher([&] {
               Daemonizer("second").pid_file(path).daemonize();
               return 0;
           })
        .error;
}

std::string refused(const std::string& path, pid_t holder) {
    return "second: cannot lock the pid file " + path + ": process " + std::to_string(holder) + " holds it\n";
}

} // namespace

TEST_CASE("a squatter's read lock does not hinder a start") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const Squat kind =
        GENERATE(Squat::first_byte, Squat::second_byte, Squat::third_byte, Squat::whole_file, Squat::by_flock);
    test::write_file(path, "");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    test::Child squatter([&](test::Pipe& report) {
        squat(path, kind);
        report.send_text("squats\n");
    });
    REQUIRE(squatter.line() == "squats");
    const ino_t squatted = test::inode_of(path);
    CHECK(!PidFile::holder(path).running);
    CHECK(Daemonizer("first").pid_file(path).check().empty());

    test::Held first(Daemonizer("first").pid_file(path));
    REQUIRE(first.ok());
    // The old inode still exists, as the squatter has it open: another number is another file.
    if (kind != Squat::by_flock) CHECK(test::inode_of(path) != squatted);
    CHECK(test::contents(path) == std::to_string(first.pid()) + "\n");
    CHECK(test::mode_of(path) == 0644);
    CHECK(!test::exists(path + ".new"));
    CHECK(PidFile::holder(path).pid == first.pid());
    CHECK(refusal_of_second_start(path) == refused(path, first.pid()));
    first.end();
    CHECK(!test::exists(path));
}

TEST_CASE("readers that wait for the lock do not get it in the way of a start") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    // The scheduler decides whether the daemon or a reader is first, so the test has several readers and several
    // rounds.
    for (int round = 0; round < 10; ++round) {
        test::Pipe go;
        pid_t readers[4];
        for (pid_t& reader : readers) {
            reader = ::fork();
            if (reader != 0) continue;
            go.line();
            squat(path, Squat::second_byte, F_SETLKW);
            for (;;) ::pause();
        }
        Daemonizer daemonizer("daemon");
        daemonizer.pid_file(path).keep_fd(go.write_end()).before_drop([&] {
            go.send_text("\n\n\n\n");
            for (const pid_t reader : readers) {
                while (!waits_for_lock(reader)) ::sched_yield();
            }
        });
        {
            test::Held daemon(daemonizer);
            INFO(daemon.launched().failure().message());
            CHECK(daemon.ok());
            CHECK(PidFile::holder(path).pid == daemon.pid());
        }
        for (const pid_t reader : readers) {
            test::kill(reader, SIGKILL);
            orphanage.wait_for(reader);
        }
        test::write_file(path, "");
        REQUIRE(::chmod(path.c_str(), 0644) == 0);
    }
}

TEST_CASE("a read lock on a running daemon's file hides neither that it runs nor who it is") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const Squat kind = GENERATE(Squat::third_byte, Squat::by_flock);
    test::Held first(Daemonizer("first").pid_file(path));
    REQUIRE(first.ok());
    test::Child squatter([&](test::Pipe& report) {
        squat(path, kind);
        report.send_text("squats\n");
    });
    REQUIRE(squatter.line() == "squats");
    test::write_file(path, "1\n"); // so that the name can only come from the lock
    CHECK(PidFile::holder(path).running);
    CHECK(PidFile::holder(path).pid == first.pid());
    CHECK(refusal_of_second_start(path) == refused(path, first.pid()));
    CHECK(test::contents(path) == "1\n"); // the refused start did not touch it
}

TEST_CASE("what an interrupted replacement left behind does not hinder a start") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    test::write_file(path + ".new", "");
    REQUIRE(::chmod((path + ".new").c_str(), 0600) == 0);
    test::Child squatter([&](test::Pipe& report) {
        squat(path, Squat::whole_file);
        report.send_text("squats\n");
    });
    REQUIRE(squatter.line() == "squats");
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    REQUIRE(daemon.ok());
    CHECK(test::mode_of(path) == 0644);
    CHECK(!test::exists(path + ".new"));
}

TEST_CASE("what stands in the way of a replacement is named") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::write_file(path, "");
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    REQUIRE(::mkdir((path + ".new").c_str(), 0755) == 0);
    test::Child squatter([&](test::Pipe& report) {
        squat(path, Squat::whole_file);
        report.send_text("squats\n");
    });
    REQUIRE(squatter.line() == "squats");
    const daemonize::Launch launch = Daemonizer("daemon").pid_file(path).launch([] {});
    CHECK(launch.failure().message() == "cannot open the pid file " + path + ".new: Is a directory");
    squatter.end();
    CHECK(orphanage.is_empty());
}

TEST_CASE("a worker that before_drop forks does not keep the daemon's lock") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe worker_hold, worker_runs;
    pid_t worker = 0;
    {
        Daemonizer daemonizer("first");
        daemonizer.pid_file(path).keep_fd(worker_hold.read_end()).keep_fd(worker_runs.write_end()).before_drop([&] {
            worker = ::fork();
            if (worker == 0) {
                worker_runs.send_text("it runs\n");
                worker_hold.wait_until_closed();
                std::_Exit(0);
            }
        });
        test::Held daemon(daemonizer, [&](test::Pipe& report) { report.send_text(std::to_string(worker) + "\n"); });
        REQUIRE(daemon.ok());
        worker = std::stoi(daemon.line());
        REQUIRE(worker_runs.line() == "it runs"); // past what fork itself does in it
        daemon.kill(SIGKILL);
    }
    REQUIRE(test::kill(worker, 0) == 0);
    CHECK(!PidFile::holder(path).running);
    worker_hold.close_write();
    CHECK(orphanage.wait_for(worker) == 0);
}

TEST_CASE("a worker that outlives the daemon neither keeps its lock nor deletes the next one's file") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe worker_hold, worker_runs;
    pid_t worker = 0;
    {
        Daemonizer daemonizer("first");
        daemonizer.pid_file(path).keep_fd(worker_hold.read_end()).keep_fd(worker_runs.write_end());
        test::Held daemon(daemonizer, [&](test::Pipe& report) {
            const pid_t forked = ::fork();
            if (forked == 0) {
                worker_runs.send_text("it runs\n");
                worker_hold.wait_until_closed();
                std::exit(0); // returning from main is the same
            }
            report.send_text(std::to_string(forked) + "\n");
        });
        REQUIRE(daemon.ok());
        worker = std::stoi(daemon.line());
        REQUIRE(worker_runs.line() == "it runs"); // past what fork itself does in it
        daemon.kill(SIGKILL);
    }
    REQUIRE(test::kill(worker, 0) == 0);
    CHECK(!PidFile::holder(path).running);
    test::Held next(Daemonizer("next").pid_file(path));
    REQUIRE(next.ok());
    worker_hold.close_write();
    CHECK(orphanage.wait_for(worker) == 0);
    CHECK(test::contents(path) == std::to_string(next.pid()) + "\n");
    CHECK(PidFile::holder(path).pid == next.pid());
}

TEST_CASE("a worker that exits while its daemon runs leaves file and lock alone") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path), [](test::Pipe& report) {
        const pid_t worker = ::fork();
        if (worker == 0) std::exit(0);
        report.send_text(::waitpid(worker, nullptr, 0) == worker ? "exited\n" : "no worker\n");
    });
    REQUIRE(daemon.ok());
    REQUIRE(daemon.line() == "exited");
    CHECK(test::contents(path) == std::to_string(daemon.pid()) + "\n");
    CHECK(PidFile::holder(path).pid == daemon.pid());
}

TEST_CASE("a program that the daemon started does not keep its lock") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe input;
    test::Pipe output;
    Daemonizer daemonizer("daemon");
    daemonizer.pid_file(path).stdin_from(input.read_end()).stdout_to(output.write_end());
    pid_t program = 0;
    {
        test::Held daemon(daemonizer, [&](test::Pipe& report) {
            // It runs no fork handler: only close-on-exec is left to help.
            pid_t started = 0;
            char name[] = "cat";
            char* const arguments[] = {name, nullptr};
            if (::posix_spawnp(&started, name, nullptr, nullptr, arguments, environ) != 0) std::abort();
            report.send_text(std::to_string(started) + "\n");
        });
        REQUIRE(daemon.ok());
        program = std::stoi(daemon.line());
        input.send_text("runs\n");
        REQUIRE(output.line() == "runs");
        daemon.kill(SIGKILL);
    }
    CHECK(!PidFile::holder(path).running);
    {
        test::Held next(Daemonizer("next").pid_file(path));
        CHECK(next.ok());
    }
    REQUIRE(test::kill(program, SIGTERM) == 0);
    orphanage.wait_for(program);
}

TEST_CASE("an application that reads its own pid file still runs, to all who ask") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    // Any close of the file gives up the POSIX lock that names the daemon.
    test::Held daemon(Daemonizer("daemon").pid_file(path),
                      [&](test::Pipe& report) { report.send_text(test::contents(path)); });
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == std::to_string(daemon.pid()));
    CHECK(PidFile::holder(path).running);
    CHECK(PidFile::holder(path).pid == daemon.pid());
    CHECK(refusal_of_second_start(path) == refused(path, daemon.pid()));
    daemon.end();
    CHECK(!test::exists(path));
}

TEST_CASE("a daemon that asks who holds its own file gets its own number, and stays named") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path), [&](test::Pipe& report) {
        const PidFile::Holder holder = PidFile::holder(path);
        report.send_text((holder.running ? std::to_string(holder.pid) : "none") + "\n");
    });
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == std::to_string(daemon.pid()));
    test::write_file(path, "1\n"); // so that the name can only come from the lock
    CHECK(PidFile::holder(path).pid == daemon.pid());
}

TEST_CASE("who runs is told by the kernel, whatever number the file holds") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Held daemon(Daemonizer("daemon").pid_file(path));
    REQUIRE(daemon.ok());
    const std::string forged = GENERATE(std::string("1\n"), std::string(), std::string("-1\n"), std::string("text"));
    test::write_file(path, forged);
    CHECK(PidFile::holder(path).running);
    CHECK(PidFile::holder(path).pid == daemon.pid());
    CHECK(refusal_of_second_start(path) == refused(path, daemon.pid()));
}

TEST_CASE("a start in progress is told from a daemon that runs") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    // A launcher has not forked yet: it holds what it opens the file with, and nobody is named.
    test::Child launcher([&](test::Pipe& report) {
        daemonize::detail::OpenPidFile file;
        const daemonize::Failure failure = daemonize::detail::open_pid_file(path, 0644, {}, file);
        report.send_text(failure ? failure.message() + "\n" : "starts\n");
        static_cast<void>(file.file.release()); // held until the child ends
    });
    REQUIRE(launcher.line() == "starts");
    const PidFile::Holder holder = PidFile::holder(path);
    CHECK(holder.running);
    CHECK(holder.pid == 0);
    CHECK(refusal_of_second_start(path) == "second: cannot lock the pid file " + path + ": process " +
                                               std::to_string(launcher.pid()) + " is starting the daemon\n");
    launcher.end();
    CHECK(!PidFile::holder(path).running);
}

TEST_CASE("a daemon is named before it is ready, and before its own code runs") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    test::Pipe report;
    test::Pipe hold;
    test::Launcher launcher([&] {
        hold.close_write();
        Daemonizer("first")
            .pid_file(path)
            .keep_fd(report.write_end())
            .keep_fd(hold.read_end())
            .before_drop([&] {
                report.send_text(std::to_string(::getpid()) + "\n");
                hold.wait_until_closed();
            })
            .daemonize();
        std::exit(0);
        return 0;
    });
    const pid_t daemon = std::stoi(report.line());
    CHECK(PidFile::holder(path).pid == daemon);
    CHECK(refusal_of_second_start(path) == refused(path, daemon));
    hold.close_write();
    CHECK(launcher.ended().with(0));
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    CHECK(!test::exists(path));
}
