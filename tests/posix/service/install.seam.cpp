// The verbs install and uninstall for systemd and OpenRC, on a machine without them: the files and the commands.
// tests/hosts runs the real init systems.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/process.hpp"

#include <string>

using namespace daemonize::detail;

namespace {

// In a child that is an ordinary user of systemd: what `body` makes of a service whose unit lies in `directory`. Its
// programs count as run and ended well; `hook` is asked first.
template <class Body>
std::string as_user_of_systemd(const test::Directory& directory, Body body, const seam::Hook& hook = {}) {
    if (::geteuid() == 0 && ::chown(directory.path().c_str(), test::nobody, test::nobody) != 0) return "cannot chown";
    return test::in_child([&] {
        test::become_nobody();
        ::setenv("XDG_CONFIG_HOME", directory.path().c_str(), 1);
        const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
            if (hook && hook(call, answer)) return true;
            answer = {0, 0};
            return call.is("posix_spawnp") || (call.is("access") && call.path() == "/run/systemd/system");
        });
        ServiceDefinition unit;
        unit.name = "unit-test";
        unit.description = "Is 100% tested";
        for (const char* argument : {"two words", "100%"}) unit.arguments.push_back(argument);
        return std::string(body(unit));
    });
}

std::string unit_in(const test::Directory& directory) { return directory / "systemd/user/unit-test.service"; }

} // namespace

TEST_CASE("a user's service is installed for that user's systemd, with its arguments, and goes whole") {
    NEEDS(ordinary_user());
    const test::Directory directory;
    CHECK(as_user_of_systemd(directory, [](const ServiceDefinition& unit) {
              std::string said = install_service(unit).message();
              if (!is_unit_installed(unit)) said += "it is not systemd's ";
              for (const std::string& argument : installed_arguments(unit)) said += argument + ";";
              return said + systemctl(unit, "start").message();
          }) == "two words;100%;");
    CHECK(as_user_of_systemd(
              directory, [](const ServiceDefinition& unit) { return systemctl(unit, "start").message(); },
              [](const seam::Call& call, seam::Answer& answer) {
                  answer = {ENOENT, 0};
                  return call.is("posix_spawnp");
              })
              .find("systemctl --user start unit-test.service: No such file") != std::string::npos);
    const std::string text = test::contents(unit_in(directory));
    CHECK(text.find("\nDescription=Is 100%% tested\n") != std::string::npos);
    CHECK(text.find("\nWantedBy=default.target\n") != std::string::npos);
    CHECK(as_user_of_systemd(directory, [](const ServiceDefinition& unit) {
              std::string said = uninstall_service(unit).message();
              return said + std::to_string(installed_arguments(unit).size());
          }) == "0");
    CHECK_FALSE(test::exists(unit_in(directory)));
}

TEST_CASE("a unit that cannot be written or made known is taken back") {
    NEEDS(ordinary_user());
    const test::Directory directory;
    const auto install = [](const ServiceDefinition& unit) { return install_service(unit).message(); };
    const auto failing = [](const char* name, int error, long result) {
        return [=](const seam::Call& call, seam::Answer& answer) {
            answer = {result, error};
            return call.is(name);
        };
    };
    const std::string cannot = "cannot install the service ";
    CHECK(as_user_of_systemd(directory, install, failing("rename", EXDEV, -1)) ==
          cannot + unit_in(directory) + ": Invalid cross-device link");
    CHECK_FALSE(test::exists(unit_in(directory) + ".new"));
    CHECK(as_user_of_systemd(directory, install, failing("posix_spawnp", 0, ENOENT)) ==
          cannot + "unit-test: systemctl --user daemon-reload: No such file or directory");
    CHECK_FALSE(test::exists(unit_in(directory)));
    CHECK(as_user_of_systemd(directory, install, failing("waitpid", EIO, 7)).find(cannot) == 0);
    // Over an installation the one before stays.
    REQUIRE(as_user_of_systemd(directory, install).empty());
    const std::string before = test::contents(unit_in(directory));
    CHECK(as_user_of_systemd(
              directory,
              [](ServiceDefinition unit) {
                  unit.description = "Is another";
                  return install_service(unit).message();
              },
              failing("posix_spawnp", 0, EAGAIN))
              .find(cannot) == 0);
    CHECK(test::contents(unit_in(directory)) == before);
    CHECK(as_user_of_systemd(
              directory, [](const ServiceDefinition& unit) { return uninstall_service(unit).message(); },
              failing("unlink", EROFS, -1)) ==
          "cannot uninstall the service " + unit_in(directory) + ": Read-only file system");
}

TEST_CASE("words that systemd does not take, and a user without a place for units, are refused by name") {
    NEEDS(ordinary_user());
    const test::Directory directory;
    const std::string refused = "cannot install the service unit-test: ";
    CHECK(as_user_of_systemd(directory, [](ServiceDefinition unit) {
              unit.arguments.push_back("\xff");
              return install_service(unit).message();
          }) == refused + "systemd accepts only UTF-8 in a unit");
    const auto no_path = [](const seam::Call& call, seam::Answer& answer) {
        return call.is("realpath") && seam::fail(call, ENOENT, answer);
    };
    for (const char* path : {"/srv/it's", "/srv/\"it\"", "/srv/it\\s"}) {
        CHECK(as_user_of_systemd(
                  directory,
                  [&](ServiceDefinition unit) {
                      unit.program = path;
                      return install_service(unit).message();
                  },
                  no_path) ==
              refused + "systemd accepts no quote, backslash or control character in the program's path: " + path);
    }
    // A home in /proc: nothing can be made there, by anyone.
    CHECK(as_user_of_systemd(directory,
                             [](const ServiceDefinition& unit) {
                                 ::unsetenv("XDG_CONFIG_HOME");
                                 ::setenv("HOME", "/proc", 1);
                                 return find_init_system(unit.name).file + ": " + install_service(unit).message();
                             }) == "/proc/.config/systemd/user/unit-test.service: cannot install the service "
                                   "/proc/.config/systemd/user: No such file or directory");
    CHECK(as_user_of_systemd(directory, [](const ServiceDefinition& unit) {
              ::unsetenv("XDG_CONFIG_HOME");
              ::unsetenv("HOME");
              return install_service(unit).message();
          }) == refused + "without systemd, only root can change init scripts");
    CHECK_FALSE(test::exists(unit_in(directory)));
}

TEST_CASE("without systemd it is OpenRC that is told, or the tool that makes the links of the runlevels") {
    NEEDS(root());
    std::string there;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        const bool found = there.find(call.is("access") ? call.path() + ";" : "") != std::string::npos;
        answer = {found ? 0 : -1, found ? 0 : ENOENT};
        return call.is("access");
    });
    using Arguments = std::vector<std::string>;
    const auto to_arguments = [](const Command& command) { return Arguments(command.begin(), command.end()); };
    there = "/sbin/openrc-run;/run/openrc;/etc/init.d;";
    const InitSystem openrc = find_init_system("some");
    CHECK(openrc.kind == InitSystem::Kind::openrc);
    CHECK(openrc.file == "/etc/init.d/some");
    CHECK(to_arguments(openrc.enable[0]) == Arguments{"rc-update", "--quiet", "add", "some", "default"});
    CHECK(openrc.enable[1].empty());
    CHECK(to_arguments(openrc.disable) == Arguments{"rc-update", "--quiet", "delete", "some", "default"});
    ServiceDefinition unit;
    unit.program = "/srv/it's";
    CHECK(init_text(openrc.kind, unit).find("\nstart() {\n    '/srv/it'\\''s' start --\n}\n") != std::string::npos);
    there = "/etc/init.d;/sbin/chkconfig;";
    const InitSystem sysv = find_init_system("some");
    CHECK(sysv.kind == InitSystem::Kind::sysv);
    CHECK(to_arguments(sysv.enable[0]) == Arguments{"/sbin/chkconfig", "--add", "some"});
    CHECK(to_arguments(sysv.disable) == Arguments{"/sbin/chkconfig", "--del", "some"});
}
