#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

namespace {

using daemonize::Daemonizer;

class Umask {
  public:
    explicit Umask(mode_t mask) : before_(::umask(mask)) {}
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;
    ~Umask() { ::umask(before_); }

  private:
    mode_t before_;
};

} // namespace

TEST_CASE("a daemon's files are nobody else's to write, nor strangers' to read") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const Umask open_to_all(0);
    const std::string path = directory / "file";
    Daemonizer daemonizer("umask-test");
    const test::HeldDaemon daemon(
        daemonizer, [&] { return std::to_string(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)); });
    struct stat file_info;
    REQUIRE(::stat(path.c_str(), &file_info) == 0);
    CHECK((file_info.st_mode & 0777) == 0640);
    CHECK(test::process_status("Umask", daemon.pid()) == "0027");
}

TEST_CASE("a daemon has the umask that it was given") {
    const test::Orphanage orphans;
    const mode_t mask = GENERATE(0u, 077u, 0177u);
    const Umask other(022);
    char octal[8];
    std::snprintf(octal, sizeof octal, "%04o", static_cast<unsigned>(mask));
    Daemonizer daemonizer("umask-test");
    const test::HeldDaemon daemon(daemonizer.umask(mask));
    CHECK(test::process_status("Umask", daemon.pid()) == octal);
}

TEST_CASE("a daemon has the launcher's umask where that is to be kept") {
    const test::Orphanage orphans;
    const Umask unusual(0135);
    Daemonizer daemonizer("umask-test");
    const test::HeldDaemon daemon(daemonizer.umask(daemonize::keep));
    CHECK(test::process_status("Umask", daemon.pid()) == "0135");
}

TEST_CASE("the launcher's umask stays") {
    const test::Orphanage orphans;
    const Umask unusual(0135);
    Daemonizer daemonizer("umask-test");
    const test::HeldDaemon daemon(daemonizer);
    CHECK(test::process_status("Umask") == "0135");
}
