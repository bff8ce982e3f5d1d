// The identity of a daemon: all IDs and groups are the requested ones, and the daemon cannot become root again.
#include "support/accounts.hpp"
#include "support/held.hpp"

#include <functional>
#include <linux/securebits.h>
#include <pwd.h>
#include <sstream>

using daemonize::Daemonizer;

namespace {

const char* const passwd = "svc:x:41001:41002:a service:/:/bin/false\n"
                           "41003:x:41004:41005:a name that is another's number:/:/bin/false\n";

// The user in several groups, one of them with more members than fit a first guess at a buffer.
std::string groups() {
    std::string text = "svcgroup:x:41002:\nlogs:x:41010:other,svc\nothers:x:41011:other\nmany:x:41012:";
    for (int i = 0; i < 2000; ++i) text += "member" + std::to_string(i) + ",";
    return text + "svc\nchosen:x:41020:\n";
}

std::string four_times(unsigned id) {
    const std::string text = std::to_string(id);
    return text + "\t" + text + "\t" + text + "\t" + text;
}

// The identity of a process by the kernel: the real, effective, saved and file system IDs, and all groups.
struct Seen {
    std::string uids;
    std::string gids;
    std::string groups;
    std::string error; // of the launcher, where it came to nothing
    int code = 0;
};

// Launches as root of the test's own accounts, with groups that root should lose.
Seen seen_of(const std::function<void(Daemonizer&)>& ask) {
    const test::Orphanage orphanage;
    const test::Directory directory;
    test::Pipe hold;
    test::Pipe report;
    test::Launcher launcher([&] {
        hold.close_write();
        const gid_t roots[] = {0, 4, 49999};
        if (!test::take_accounts(directory, passwd, groups()) || ::setgroups(3, roots) != 0) return 99;
        Daemonizer daemonizer("identity");
        daemonizer.keep_fd(hold.read_end()).keep_fd(report.write_end());
        ask(daemonizer);
        daemonizer.daemonize();
        report.send_text(std::to_string(::getpid()) + "\n");
        hold.wait_until_closed();
        return 0;
    });
    Seen seen;
    const test::Ended ended = launcher.ended();
    seen.code = ended.code();
    seen.error = ended.error;
    report.close_write();
    const std::string word = report.line();
    if (word.empty()) return seen;
    const pid_t daemon = std::stoi(word);
    seen.uids = test::process_status("Uid", daemon);
    seen.gids = test::process_status("Gid", daemon);
    seen.groups = test::process_status("Groups", daemon);
    hold.close_write();
    orphanage.wait_for(daemon);
    return seen;
}

// The groups that initgroups(3) sets for the same accounts.
std::string groups_by_initgroups(gid_t primary) {
    const test::Directory directory;
    test::Child child([&](test::Pipe& report) {
        if (!test::take_accounts(directory, passwd, groups()) || ::initgroups("svc", primary) != 0) std::abort();
        report.send_text(test::process_status("Groups") + "\n");
    });
    return child.line();
}

// Runs a launch as an ordinary user that may not fork: what fails before the fork is told all the same.
test::Ended launch_as_nobody(const std::function<void(Daemonizer&)>& ask) {
    return test::run_launcher([&] {
        test::become_nobody();
        const struct rlimit none = {0, 0};
        if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 99;
        Daemonizer daemonizer("ordinary");
        ask(daemonizer);
        daemonizer.daemonize();
        return 98;
    });
}

} // namespace

TEST_CASE("a user by name is taken with its ids, all of them, and with its groups as initgroups has them") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user("svc"); });
    CHECK(seen.error == "");
    CHECK(seen.uids == four_times(41001));
    CHECK(seen.gids == four_times(41002));
    CHECK(seen.groups == "41002 41010 41012");
    CHECK(seen.groups == groups_by_initgroups(41002));
}

TEST_CASE("a user by number is the user of that number, with its groups") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user("41001"); });
    CHECK(seen.error == "");
    CHECK(seen.uids == four_times(41001));
    CHECK(seen.gids == four_times(41002));
    CHECK(seen.groups == "41002 41010 41012");
}

TEST_CASE("a user whose name is a number is found by its name first, as chown has it") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user("41003"); });
    CHECK(seen.uids == four_times(41004));
    CHECK(seen.gids == four_times(41005));
}

TEST_CASE("a group, by name or number, takes the place of the user's primary one") {
    NEEDS(accounts());
    const std::string group = GENERATE(std::string("chosen"), std::string("41020"));
    const Seen seen = seen_of([&](Daemonizer& daemonizer) { daemonizer.user("svc").group(group); });
    CHECK(seen.uids == four_times(41001));
    CHECK(seen.gids == four_times(41020));
    CHECK(seen.groups == "41010 41012 41020");
    CHECK(seen.groups == groups_by_initgroups(41020));
}

TEST_CASE("one of the user's other groups that becomes the primary one is there once") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user("svc").group("41012"); });
    CHECK(seen.gids == four_times(41012));
    CHECK(seen.groups == "41010 41012");
    CHECK(seen.groups == groups_by_initgroups(41012));
}

TEST_CASE("a group alone leaves root's user, and none of root's groups") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.group("chosen"); });
    CHECK(seen.error == "");
    CHECK(seen.uids == four_times(0));
    CHECK(seen.gids == four_times(41020));
    CHECK(seen.groups == "41020");
}

TEST_CASE("a user that the data base does not know needs a group beside its number") {
    NEEDS(accounts());
    const Seen refused = seen_of([](Daemonizer& daemonizer) { daemonizer.user("54321"); });
    CHECK(refused.code == 217);
    CHECK(refused.error == "identity: cannot become the user 54321: the user database does not have this number, so "
                           "name a group() too\n");
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user("54321").group("54322"); });
    CHECK(seen.error == "");
    CHECK(seen.uids == four_times(54321));
    CHECK(seen.gids == four_times(54322));
    CHECK(seen.groups == "54322");
}

TEST_CASE("a user and a group by ID are not looked up by name") {
    NEEDS(accounts());
    // 41003 is another user's name.
    const Seen refused = seen_of([](Daemonizer& daemonizer) { daemonizer.user(41003); });
    CHECK(refused.code == 217);
    CHECK(refused.error == "identity: cannot become the user 41003: the user database does not have this number, so "
                           "name a group() too\n");
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user(41003).group(54322); });
    CHECK(seen.uids == four_times(41003));
    CHECK(seen.gids == four_times(54322));
    CHECK(seen.groups == "54322");
}

TEST_CASE("a user by ID has the groups of the user database, and 0 is root") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user(41001); });
    CHECK(seen.error == "");
    CHECK(seen.uids == four_times(41001));
    CHECK(seen.gids == four_times(41002));
    const Seen root = seen_of([](Daemonizer& daemonizer) { daemonizer.user(0).group(0); });
    CHECK(root.error == "");
    CHECK(root.uids == four_times(0));
    CHECK(root.gids == four_times(0));
    CHECK(root.groups == "0");
}

TEST_CASE("an unknown user and an unknown group are refused by name") {
    const test::Orphanage orphanage;
    const std::string text = GENERATE(std::string("no such name"), std::string(""), std::string("-1"),
                                      std::string("4294967295"), std::string("99999999999"), std::string("0x10"));
    Daemonizer user("unknown");
    const daemonize::Launch without_user = user.user(text).launch([] {});
    CHECK(without_user.exit_code() == 217);
    CHECK(without_user.failure().message() ==
          "cannot become the user" + (text.empty() ? "" : " " + text) + ": there is no such user");
    Daemonizer group("unknown");
    const daemonize::Launch without_group = group.group(text).launch([] {});
    CHECK(without_group.exit_code() == 216);
    CHECK(without_group.failure().message() ==
          "cannot take the group" + (text.empty() ? "" : " " + text) + ": there is no such group");
    CHECK(orphanage.is_empty());
}

TEST_CASE("no capability outlives the change of user, even where the launcher wanted to keep them") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    test::Pipe hold;
    test::Pipe report;
    const test::Ended launcher = test::run_launcher([&] {
        if (::prctl(PR_SET_KEEPCAPS, 1) != 0) return 99;
        Daemonizer("capable")
            .user("65534")
            .group("65534")
            .keep_fd(hold.read_end())
            .keep_fd(report.write_end())
            .daemonize();
        report.send_text(std::to_string(::getpid()) + "\n");
        hold.wait_until_closed();
        return 0;
    });
    REQUIRE(launcher.with(0));
    const pid_t daemon = std::stoi(report.line());
    const std::string none(16, '0');
    CHECK(test::process_status("CapEff", daemon) == none);
    CHECK(test::process_status("CapPrm", daemon) == none);
    CHECK(test::process_status("CapInh", daemon) == none);
    CHECK(test::process_status("CapAmb", daemon) == none);
    hold.close_write();
    orphanage.wait_for(daemon);
}

TEST_CASE("root cannot be regained, by user or by group") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    test::Held daemon(Daemonizer("dropped").user("65534").group("65534"), [](test::Pipe& report) {
        const gid_t root = 0;
        const bool regained = ::setuid(0) == 0 || ::seteuid(0) == 0 || ::setresuid(0, 0, 0) == 0 || ::setgid(0) == 0 ||
                              ::setegid(0) == 0 || ::setresgid(0, 0, 0) == 0 || ::setgroups(1, &root) == 0;
        report.send_text(regained ? "root\n" : "never\n");
    });
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == "never");
    CHECK(test::process_status("Uid", daemon.pid()) == four_times(65534));
}

TEST_CASE("a launch whose user could become root again is refused") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    const test::Directory directory;
    const std::string path = directory / "daemon.pid";
    const test::Ended launcher = test::run_launcher([&] {
        // With this the kernel leaves every capability where a process changes its user.
        if (::prctl(PR_SET_SECUREBITS, static_cast<unsigned long>(SECBIT_NO_SETUID_FIXUP)) != 0) return 99;
        Daemonizer("regains").user("54321").group("54322").pid_file(path).daemonize();
        return 0;
    });
    CHECK(launcher.with(217));
    CHECK(launcher.error == "regains: cannot become the user 54321: root could be regained\n");
    CHECK(orphanage.is_empty());
    CHECK(!test::exists(path));
}

TEST_CASE("root as the user to run as is no drop, and takes root's own groups only") {
    NEEDS(accounts());
    const Seen seen = seen_of([](Daemonizer& daemonizer) { daemonizer.user("root"); });
    CHECK(seen.error == "");
    CHECK(seen.uids == four_times(0));
    CHECK(seen.groups == "0");
}

TEST_CASE("an ordinary user is refused another user and another group, before any fork and in one line") {
    NEEDS(ordinary_user());
    const test::Ended user = launch_as_nobody([](Daemonizer& daemonizer) { daemonizer.user("root"); });
    CHECK(user.with(217));
    CHECK(user.error == "ordinary: cannot become the user root: only root may become another user\n");
    const test::Ended group = launch_as_nobody([](Daemonizer& daemonizer) { daemonizer.group("0"); });
    CHECK(group.with(216));
    CHECK(group.error == "ordinary: cannot take the group 0: only root may take another group\n");
}

TEST_CASE("an ordinary user's own name is accepted, and its own group") {
    NEEDS(ordinary_user());
    const test::Orphanage orphanage;
    test::Pipe hold;
    test::Pipe report;
    const test::Ended launcher = test::run_launcher([&] {
        test::become_nobody();
        const struct passwd* own = ::getpwuid(::geteuid());
        Daemonizer daemonizer("ordinary");
        daemonizer.user(own != nullptr ? own->pw_name : std::to_string(::geteuid()));
        daemonizer.group(std::to_string(::getegid())).keep_fd(report.write_end()).keep_fd(hold.read_end());
        daemonizer.daemonize();
        report.send_text(std::to_string(::getpid()) + "\n");
        hold.wait_until_closed();
        return 0;
    });
    CHECK(launcher.error == "");
    REQUIRE(launcher.with(0));
    const pid_t daemon = std::stoi(report.line());
    CHECK(test::process_status("Uid", daemon) == four_times(::geteuid() == 0 ? test::nobody : ::geteuid()));
    hold.close_write();
    CHECK(orphanage.wait_for(daemon) == 0);
}
