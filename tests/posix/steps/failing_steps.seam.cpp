// Failing calls in PidFile and in the steps of set-up: each failure names the stage, and the changes are rolled back.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/process.hpp"

#include <cstdint>
#include <cstring>
#include <string>

using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::PidFile;

namespace {

seam::Hook failing(const char* name, int error) {
    return
        [=](const seam::Call& call, seam::Answer& answer) { return call.is(name) && seam::fail(call, error, answer); };
}

// Why a program gets no pid file where this call fails.
std::string acquired_without(const std::string& path, const char* name, int error) {
    const seam::Injection injection(failing(name, error));
    Failure failure;
    CHECK_FALSE(PidFile::acquire(path, failure));
    return failure.message();
}

} // namespace

TEST_CASE("a pid file that cannot be made fit or written is told, and what was made goes") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "pid";
    const mode_t mask = ::umask(077); // so that the mode has to be set
    CHECK(acquired_without(path, "fchmod", EIO) == "cannot open the pid file " + path + ": Input/output error");
    ::umask(mask);
    CHECK_FALSE(test::exists(path));
    CHECK(acquired_without(path, "pwrite", ENOSPC) ==
          "cannot write the pid file " + path + ": No space left on device");
    CHECK_FALSE(test::exists(path));
    test::write_file(path, "1\n");
    CHECK(acquired_without(path, "ftruncate", EIO) == "cannot write the pid file " + path + ": Input/output error");
    CHECK(test::contents(path) == "1\n");
}

TEST_CASE("a pid file that open refuses as busy is not told to be held") {
    const test::Directory directory;
    const std::string path = directory / "pid";
    CHECK(acquired_without(path, "open", EBUSY) == "cannot open the pid file " + path + ": Device or resource busy");
}

TEST_CASE("a lock that cannot be asked about is told") {
    const test::Directory directory;
    const std::string path = directory / "pid";
    test::write_file(path, "1\n");
    const seam::Injection injection(failing("fcntl", ENOLCK));
    Failure failure;
    CHECK_FALSE(PidFile::holder(path, failure).running);
    CHECK(failure.message() == "cannot open the pid file " + path + ": No locks available");
}

TEST_CASE("a directory that cannot be made, or given its mode, fails the start") {
    NEEDS(system_directories());
    const std::string name = "daemonize-test-" + std::to_string(::getpid());
    for (const char* call : {"mkdir", "chmod"}) {
        for (const bool is_state : {false, true}) {
            Daemonizer daemonizer("made");
            std::string what = "log directory /var/log/";
            if (is_state) {
                daemonizer.state_directory(name);
                what = "state directory /var/lib/";
            } else {
                daemonizer.log_directory(name);
            }
            const seam::Injection injection([&](const seam::Call& made, seam::Answer& answer) {
                const std::string path = made.is(call) ? made.path() : "";
                return path.size() > name.size() && path.substr(path.size() - name.size()) == name &&
                       seam::fail(made, ENOSPC, answer);
            });
            CHECK(daemonizer.launch([] {}).failure().message() ==
                  "cannot make the " + what + name + ": No space left on device");
        }
    }
    ::rmdir(("/var/log/" + name).c_str());
    ::rmdir(("/var/lib/" + name).c_str());
}

TEST_CASE("a user data base that cannot be read is told") {
    Daemonizer daemonizer("nobody's");
    daemonizer.user("nobody");
    const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
        answer = {EIO, 0}; // which it returns
        return call.is("getpwnam_r");
    });
    CHECK(daemonizer.launch([] {}).failure().message() == "cannot become the user nobody: Input/output error");
}

TEST_CASE("a user data base that asks for ever larger buffers is told") {
    Daemonizer daemonizer("nobody's");
    daemonizer.user("nobody");
    std::uintptr_t largest = 0;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("getpwnam_r")) return false;
        if (static_cast<std::uintptr_t>(call.arguments[3]) > largest) {
            largest = static_cast<std::uintptr_t>(call.arguments[3]);
        }
        answer = {ERANGE, 0}; // which it returns
        return true;
    });
    CHECK(daemonizer.launch([] {}).failure().message() ==
          "cannot become the user nobody: " + std::string(std::strerror(ERANGE)));
    CHECK(largest == 1u << 20);
}

TEST_CASE("a user of more groups than fit at first has them all") {
    int asked = 0;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("getgrouplist")) return false;
        auto& count = *reinterpret_cast<int*>(call.arguments[3]);
        const bool fits = count >= 65;
        if (fits) {
            for (unsigned i = 0; i < 65; ++i) reinterpret_cast<gid_t*>(call.arguments[2])[i] = i;
        }
        count = 65;
        ++asked;
        answer = {fits ? 65 : -1, 0};
        return true;
    });
    const daemonize::detail::List<gid_t> groups = daemonize::detail::list_groups("nobody", 0);
    CHECK(asked == 2);
    REQUIRE(groups.size() == 65);
    CHECK(groups[64] == 64);
}

TEST_CASE("a working directory of a long path is known") {
    const seam::Injection injection([](const seam::Call& call, seam::Answer& answer) {
        return call.is("getcwd") && call.count == 1 && seam::fail(call, ERANGE, answer);
    });
    CHECK(daemonize::detail::current_directory() == test::link_target("/proc/self/cwd"));
}

TEST_CASE("a hang-up that cannot be forgotten fails the start") {
    for (const int count : {1, 2}) {
        int seen = 0;
        const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
            const bool is_meant = call.is("sigaction") && call.process == seam::intermediate &&
                                  call.arguments[0] == SIGHUP && call.arguments[1] != 0;
            return is_meant && ++seen == count && seam::fail(call, EINVAL, answer);
        });
        CHECK(Daemonizer("hung").fork(daemonize::Fork::once).launch([] {}).failure().message() ==
              "cannot reset the signals SIGHUP: Invalid argument");
    }
}
