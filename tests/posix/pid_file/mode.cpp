// The mode of a pid file: the requested mode is set, and a mode by which another user could write the file is refused.
#include "support/abilities.hpp"
#include "support/held.hpp"

using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::PidFile;
using daemonize::Stage;

TEST_CASE("acquire gives the pid file its mode, whatever the umask and the mode of a stale file") {
    NEEDS(pid_files());
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const mode_t mode = GENERATE(static_cast<mode_t>(0600), static_cast<mode_t>(0640), static_cast<mode_t>(0604));
    const mode_t mask = GENERATE(static_cast<mode_t>(0), static_cast<mode_t>(0777));
    const bool is_stale = GENERATE(false, true);
    if (is_stale) {
        test::write_file(path, "1\n");
        REQUIRE(::chmod(path.c_str(), 0644) == 0);
    }
    const mode_t before = ::umask(mask);
    const PidFile file = PidFile::acquire(path, mode);
    ::umask(before);
    REQUIRE(file);
    CHECK(test::mode_of(path) == mode);
}

TEST_CASE("acquire refuses a mode by which others could write the pid file, or its owner could not") {
    const test::Directory directory;
    const std::string path = directory / "alone.pid";
    const mode_t mode = GENERATE(static_cast<mode_t>(0664), static_cast<mode_t>(0646), static_cast<mode_t>(0444),
                                 static_cast<mode_t>(0244), static_cast<mode_t>(0755), static_cast<mode_t>(04644));
    Failure failure;
    CHECK(!PidFile::acquire(path, mode, failure));
    CHECK(failure.stage() == Stage::pid_file_open);
    CHECK(failure.code().value() == EINVAL);
    CHECK(failure.message() == "cannot open the pid file " + path + ": its mode must be 0600, 0640, 0604 or 0644");
    CHECK(!test::exists(path));
}

TEST_CASE("a daemon's pid file has the mode that was asked for, whatever the umask") {
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const mode_t before = ::umask(0777);
    test::Held daemon(Daemonizer("mode").pid_file_mode(0640).pid_file(path).umask(0));
    ::umask(before);
    REQUIRE(daemon.ok());
    CHECK(test::mode_of(path) == 0640);
    CHECK(daemon.end() == 0);
    CHECK(!test::exists(path));
}

TEST_CASE("a pid file's mode by which others could write it is refused before the launch, by one line") {
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const std::vector<Failure> problems = Daemonizer("mode").pid_file(path).pid_file_mode(0664).check();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].message() == "cannot open the pid file " + path + ": its mode must be 0600, 0640, 0604 or 0644");
    CHECK(Daemonizer("mode").pid_file(path).pid_file_mode(0664).launch([] {}).exit_code() == 73);
    CHECK(!test::exists(path));
}
