// The capabilities that a daemon keeps after the change of the user: exactly the requested ones, and started programs
// have only the ambient ones.
#include "support/abilities.hpp"
#include "support/held.hpp"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>

using daemonize::Daemonizer;
using daemonize::Failure;
using daemonize::Stage;

namespace {

const std::string none(16, '0');
const std::string bind_only = "0000000000000400"; // CAP_NET_BIND_SERVICE

std::string set_of(const char* name, pid_t pid) { return test::process_status(name, pid); }

// Binds port 80 on a loopback address of the test's own.
std::string bind_port_80() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(80);
    address.sin_addr.s_addr = htonl(0x7f505050);
    const int result = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const std::string text = result == 0 ? "bound" : std::strerror(errno);
    ::close(listener);
    return text;
}

// The effective capabilities of a program that this process starts.
std::string effective_of_program() {
    FILE* const program = ::popen("while read -r name value; do [ \"$name\" = CapEff: ] && echo $value; done "
                                  "</proc/self/status; true",
                                  "r");
    char line[64] = "";
    if (program == nullptr || std::fgets(line, sizeof line, program) == nullptr) std::abort();
    ::pclose(program);
    return std::string(line, std::strlen(line) - 1);
}

void report_all(test::Pipe& report) {
    report.send_text(bind_port_80() + "\n");
    report.send_text(effective_of_program() + "\n");
    report.send_text(::setuid(0) == 0 || ::seteuid(0) == 0 ? "root\n" : "never\n");
}

std::vector<std::string> messages(const Daemonizer& daemonizer) {
    std::vector<std::string> all;
    for (const Failure& problem : daemonizer.check()) all.push_back(problem.message());
    return all;
}

Daemonizer nobody() { return Daemonizer("capable").user(test::nobody).group(test::nobody); }

// Takes a capability from this process for ever.
void lose(int number, bool from_bounding_set) {
    if (from_bounding_set) {
        if (::prctl(PR_CAPBSET_DROP, number) != 0) std::abort();
        return;
    }
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) != 0) std::abort();
    data[number / 32].effective &= ~(1U << (number % 32));
    data[number / 32].permitted &= ~(1U << (number % 32));
    if (::syscall(SYS_capset, &header, data) != 0) std::abort();
}

} // namespace

TEST_CASE("a daemon keeps the capability that it asked for, and no other") {
    NEEDS(other_users());
    NEEDS(new_root());
    const test::Orphanage orphanage;
    const std::string bounding = set_of("CapBnd", 0);
    const bool drops_all = GENERATE(false, true);
    test::Directory jail;
    REQUIRE(::chmod(jail.path().c_str(), 0755) == 0);
    Daemonizer daemonizer = nobody().keep_capabilities({CAP_NET_BIND_SERVICE});
    if (drops_all) daemonizer.no_new_privileges().chroot(jail.path());
    test::Held daemon(daemonizer, [&](test::Pipe& report) {
        report.send_text(bind_port_80() + "\n");
        if (!drops_all) report.send_text(effective_of_program() + "\n"); // the new root has no shell
        report.send_text(::setuid(0) == 0 || ::seteuid(0) == 0 ? "root\n" : "never\n");
    });
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == "bound");
    if (!drops_all) CHECK(daemon.line() == none);
    CHECK(daemon.line() == "never");
    CHECK(set_of("Uid", daemon.pid()) == "65534\t65534\t65534\t65534");
    CHECK(set_of("CapEff", daemon.pid()) == bind_only);
    CHECK(set_of("CapPrm", daemon.pid()) == bind_only);
    CHECK(set_of("CapInh", daemon.pid()) == none);
    CHECK(set_of("CapAmb", daemon.pid()) == none);
    CHECK(set_of("CapBnd", daemon.pid()) == bounding);
}

TEST_CASE("a program that the daemon starts has the ambient capabilities, also without new privileges") {
    NEEDS(other_users());
    NEEDS(ambient_capabilities());
    NEEDS(capabilities({CAP_NET_BIND_SERVICE, CAP_KILL, CAP_CHECKPOINT_RESTORE}));
    const test::Orphanage orphanage;
    test::Held daemon(nobody()
                          .keep_capabilities({CAP_KILL, CAP_CHECKPOINT_RESTORE})
                          .ambient_capabilities({CAP_NET_BIND_SERVICE})
                          .no_new_privileges(),
                      report_all);
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == "bound");
    CHECK(daemon.line() == bind_only);
    CHECK(daemon.line() == "never");
    const std::string kept = "0000010000000420";
    CHECK(set_of("CapEff", daemon.pid()) == kept);
    CHECK(set_of("CapPrm", daemon.pid()) == kept);
    CHECK(set_of("CapInh", daemon.pid()) == bind_only);
    CHECK(set_of("CapAmb", daemon.pid()) == bind_only);
}

TEST_CASE("a daemon of another user keeps no capability unless it asked for one") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    Daemonizer daemonizer = GENERATE(false, true) ? nobody() : nobody().keep_capabilities({});
    test::Held daemon(daemonizer, report_all);
    REQUIRE(daemon.ok());
    CHECK(daemon.line() == "Permission denied");
    CHECK(daemon.line() == none);
    CHECK(set_of("CapPrm", daemon.pid()) == none);
}

TEST_CASE("in the foreground the capabilities are kept too") {
    NEEDS(other_users());
    const std::string seen = test::in_child([] {
        nobody().foreground().keep_fd(100).keep_capabilities({CAP_NET_BIND_SERVICE}).daemonize();
        return bind_port_80() + " " + test::process_status("CapPrm") + " " + test::process_status("CapEff") + " " +
               (::prctl(PR_GET_KEEPCAPS) == 0 ? "cleared" : "set");
    });
    CHECK(seen == "bound " + bind_only + " " + bind_only + " cleared");
}

TEST_CASE("an ordinary user whose program has a capability keeps what it asked for, and drops the rest") {
    NEEDS(other_users());
    const std::string seen = test::in_child([] {
        // As a program with capabilities of its file has it.
        if (::prctl(PR_SET_KEEPCAPS, 1) != 0) std::abort();
        test::become_nobody();
        Daemonizer("capable").foreground().keep_fd(100).keep_capabilities({CAP_CHOWN}).daemonize();
        return test::process_status("CapPrm") + " " + test::process_status("CapEff");
    });
    CHECK(seen == "0000000000000001 0000000000000001");
}

TEST_CASE("a capability that the kernel does not know, or that would make root, is refused in one line each") {
    NEEDS(other_users());
    CHECK(messages(nobody().keep_capabilities({-1, 63, 64, 1 << 30}).ambient_capabilities({99})) ==
          std::vector<std::string>{"cannot accept keep_capabilities(-1): no capability has this number",
                                   "cannot accept keep_capabilities(63): no capability has this number",
                                   "cannot accept keep_capabilities(64): no capability has this number",
                                   "cannot accept keep_capabilities(1073741824): no capability has this number",
                                   "cannot accept ambient_capabilities(99): no capability has this number"});
    CHECK(messages(nobody().keep_capabilities({CAP_SETUID})) ==
          std::vector<std::string>{"cannot keep the capabilities CAP_SETUID: the daemon could become root again"});
    CHECK(messages(nobody().keep_capabilities({CAP_KILL}).ambient_capabilities({CAP_KILL})).empty());
}

TEST_CASE("a capability that the launcher lacks is refused before any fork") {
    NEEDS(other_users());
    NEEDS(ambient_capabilities());
    NEEDS(capabilities({CAP_KILL, CAP_SYS_TIME}));
    const test::Ended kept = test::run_launcher([] {
        lose(CAP_SYS_TIME, false);
        nobody().keep_capabilities({CAP_KILL, CAP_SYS_TIME}).daemonize();
        return 0;
    });
    CHECK(kept.with(daemonize::exit_code(Stage::capabilities)));
    CHECK(kept.error == "capable: cannot keep the capabilities CAP_SYS_TIME: the launcher does not have it\n");
    const test::Ended ambient = test::run_launcher([] {
        lose(CAP_SYS_TIME, true);
        nobody().ambient_capabilities({CAP_SYS_TIME}).daemonize();
        return 0;
    });
    CHECK(ambient.error ==
          "capable: cannot keep the capabilities CAP_SYS_TIME: it is not in the bounding set of the launcher\n");
}

TEST_CASE("ambient capabilities that the kernel forbids fail the start") {
    NEEDS(other_users());
    NEEDS(ambient_capabilities());
    const test::Orphanage orphans;
    const test::Ended ended = test::run_launcher([] {
        if (::prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE) != 0) return 99;
        nobody().ambient_capabilities({CAP_KILL}).daemonize();
        return 0;
    });
    CHECK(ended.error == "capable: cannot keep the capabilities CAP_KILL: Operation not permitted\n");
    CHECK(ended.with(218));
    CHECK(orphans.is_empty());
}

TEST_CASE("a daemon that stays root is refused capabilities, as execve would give it all of them") {
    NEEDS(other_users());
    const std::vector<std::string> refused = {
        "cannot keep the capabilities: the daemon is root, and execve(2) gives root every capability: name a user()"};
    CHECK(messages(Daemonizer("capable").keep_capabilities({CAP_KILL})) == refused);
    CHECK(messages(Daemonizer("capable").user(0).keep_capabilities({CAP_KILL})) == refused);
    CHECK(messages(Daemonizer("capable").user("no-such-user").keep_capabilities({CAP_KILL})).size() == 1);
}

TEST_CASE("capabilities in the foreground are refused beside other threads, which would have others") {
    NEEDS(other_users());
    test::Pipe hold;
    std::thread other([&] { hold.wait_until_closed(); });
    const std::vector<std::string> seen = messages(nobody().foreground().keep_capabilities({CAP_KILL}));
    hold.close_write();
    other.join();
    CHECK(seen == std::vector<std::string>{"cannot keep the capabilities: other threads run in the foreground, and "
                                           "would have other capabilities"});
}

TEST_CASE("check asks no permission of a file that the daemon may write by a capability") {
    NEEDS(other_users());
    const test::Directory directory;
    const test::Orphanage orphanage;
    CHECK(messages(nobody().stdout_to(directory / "log")).size() == 1);
    Daemonizer daemonizer = nobody().stdout_to(directory / "log").keep_capabilities({CAP_DAC_OVERRIDE});
    CHECK(messages(daemonizer).empty());
    test::Held daemon(daemonizer);
    CHECK(daemon.ok());
}
