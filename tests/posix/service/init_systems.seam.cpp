// The choice of the init system by the verb install, by the files of the system and the user, and the files that
// install writes.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/process.hpp"

#include <set>

using daemonize::detail::find_init_system;
using daemonize::detail::InitSystem;

namespace {

std::string command_text(const daemonize::detail::Command& command) {
    std::string text;
    for (const std::string& word : command) text += word + " ";
    return command.empty() ? text : text + "; ";
}

// On a machine that has these paths, of all that are asked for.
std::string found(const std::set<std::string>& paths) {
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("access")) return false;
        answer = paths.count(call.path()) != 0 ? seam::Answer{0, 0} : seam::Answer{-1, ENOENT};
        return true;
    });
    const InitSystem init = find_init_system("web");
    return init.file + ": " + command_text(init.enable[0]) + command_text(init.enable[1]) + "/ " +
           command_text(init.disable);
}

const std::string systemd = "/run/systemd/system", openrc = "/sbin/openrc-run", openrc_runs = "/run/openrc",
                  init_d = "/etc/init.d", update_rc = "/usr/sbin/update-rc.d", chkconfig = "/sbin/chkconfig";

} // namespace

TEST_CASE("root's service is installed in the init system that runs the machine") {
    NEEDS(root());
    CHECK(found({}) == ": / ");
    CHECK(found({systemd, openrc, openrc_runs, init_d, update_rc}) ==
          "/etc/systemd/system/web.service: systemctl --system daemon-reload ; "
          "systemctl --system --quiet enable web.service ; / "
          "systemctl --system --quiet --now disable web.service ; ");
    CHECK(found({openrc, openrc_runs, init_d}) ==
          "/etc/init.d/web: rc-update --quiet add web default ; / rc-update --quiet delete web default ; ");
    CHECK(found({openrc}) == ": / ");
    CHECK(found({openrc_runs}) == ": / ");
    CHECK(found({init_d}) == "/etc/init.d/web: / ");
    CHECK(found({init_d, openrc, update_rc, chkconfig}) ==
          "/etc/init.d/web: /usr/sbin/update-rc.d web defaults ; / /usr/sbin/update-rc.d -f web remove ; ");
    CHECK(found({init_d, openrc_runs, chkconfig}) ==
          "/etc/init.d/web: /sbin/chkconfig --add web ; / /sbin/chkconfig --del web ; ");
}

TEST_CASE("an ordinary user's service is installed in the user's systemd, or nowhere") {
    NEEDS(ordinary_user());
    const auto found_by_user = [](const std::set<std::string>& paths, const char* config, const char* home) {
        return test::in_child([&] {
            test::become_nobody();
            ::setenv("XDG_CONFIG_HOME", config, 1);
            ::setenv("HOME", home, 1);
            return found(paths);
        });
    };
    const std::string programs = ": systemctl --user daemon-reload ; systemctl --user --quiet enable web.service ; / "
                                 "systemctl --user --quiet --now disable web.service ; ";
    CHECK(found_by_user({systemd, init_d}, "/c", "/h") == "/c/systemd/user/web.service" + programs);
    CHECK(found_by_user({systemd}, "", "/h") == "/h/.config/systemd/user/web.service" + programs);
    CHECK(found_by_user({systemd}, "not/whole", "/h") == "/h/.config/systemd/user/web.service" + programs);
    CHECK(found_by_user({systemd}, "", "not/whole") == ": / ");
    CHECK(found_by_user({openrc, openrc_runs, init_d, update_rc}, "/c", "/h") == ": / ");
}

TEST_CASE("an init system's file is whole, also where it can be written in pieces only, and the program's path in it") {
    const test::Directory directory;
    int writes = 0;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        if (!call.is("write") || ++writes > 2) return false;
        answer = {::write(static_cast<int>(call.arguments[0]), reinterpret_cast<const char*>(call.arguments[1]), 1), 0};
        return true;
    });
    const auto failure =
        daemonize::detail::replace_file(daemonize::Stage::service_install, directory / "unit", 0640, "[Service]\n");
    CHECK(failure.message().empty());
    CHECK(test::contents(directory / "unit") == "[Service]\n");
    CHECK(test::mode_of(directory / "unit") == 0640);
    CHECK(!test::exists(directory / "unit.new"));
    CHECK(writes == 3);
    CHECK(daemonize::detail::absolute_path("program") == test::link_target("/proc/self/exe"));
}
