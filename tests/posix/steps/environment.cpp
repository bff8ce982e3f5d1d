#include "support/catch.hpp"
#include "support/held_daemon.hpp"

#include <daemonize.hpp>

#include <sys/wait.h>

namespace {

using daemonize::Daemonizer;

std::string whole_environment() {
    std::string text;
    for (char** entry = environ; *entry != nullptr; ++entry) text += std::string(*entry) + "\n";
    return text;
}

// In a child, whose environment is `variables` alone, and what the daemon has of it.
std::string environment_below(const std::vector<std::string>& variables, const std::vector<std::string>* names) {
    return test::in_child([&] {
        const test::Orphanage orphans;
        ::clearenv();
        for (std::string variable : variables) {
            const std::size_t equals = variable.find('=');
            ::setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
        }
        Daemonizer daemonizer("environment-test");
        if (names != nullptr) daemonizer.environment(*names);
        return test::HeldDaemon(daemonizer, whole_environment).reported();
    });
}

} // namespace

TEST_CASE("the environment is kept whole") {
    CHECK(environment_below({"A=1", "B=two words", "C="}, nullptr) == "A=1\nB=two words\nC=\n");
}

TEST_CASE("of the environment only what is named is kept") {
    const std::vector<std::string> names = {"B", "C", "MISSING"};
    CHECK(environment_below({"A=1", "B=2", "C=", "D=4"}, &names) == "B=2\nC=\n");
}

TEST_CASE("a name in the environment's list is no prefix") {
    const std::vector<std::string> names = {"PATH"};
    CHECK(environment_below({"PATHS=1", "PATH=2", "PAT=3"}, &names) == "PATH=2\n");
}

TEST_CASE("an empty list leaves an empty environment") {
    const std::vector<std::string> none;
    CHECK(environment_below({"A=1", "B=2"}, &none).empty());
}

TEST_CASE("a daemon can go on changing its environment") {
    const std::string seen = test::in_child([] {
        const test::Orphanage orphans;
        ::clearenv();
        ::setenv("A", "1", 1);
        ::setenv("B", "2", 1);
        ::setenv("D", "4", 1);
        Daemonizer daemonizer("environment-test");
        const test::HeldDaemon daemon(daemonizer.environment({"A", "B", "D"}), [] {
            ::setenv("C", "3", 1);
            ::setenv("A", "longer than it was before", 1);
            ::unsetenv("B");
            return whole_environment();
        });
        return daemon.reported();
    });
    CHECK(seen == "A=longer than it was before\nD=4\nC=3\n");
}

TEST_CASE("the programs that a daemon starts have its environment") {
    const test::Directory directory;
    const std::string seen = test::in_child([&] {
        const test::Orphanage orphans;
        ::clearenv();
        ::setenv("SECRET", "1", 1);
        ::setenv("KNOWN", "2", 1);
        Daemonizer daemonizer("environment-test");
        const test::HeldDaemon daemon(daemonizer.environment({"KNOWN"}), [&] {
            const std::string command = "echo \"${KNOWN-unset} ${SECRET-unset}\" > " + directory / "seen";
            return std::to_string(std::system(command.c_str()));
        });
        return test::contents(directory / "seen");
    });
    CHECK(seen == "2 unset\n");
}

TEST_CASE("the launcher's environment stays") {
    const std::string seen = test::in_child([] {
        const test::Orphanage orphans;
        ::clearenv();
        ::setenv("A", "1", 1);
        ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
        const std::string before = whole_environment();
        Daemonizer daemonizer("environment-test");
        const test::HeldDaemon daemon(daemonizer.environment({"WATCHDOG_PID"}), whole_environment);
        if (daemon.reported() == before) return std::string("the daemon has it unchanged");
        return std::string(whole_environment() == before ? "as before" : "changed");
    });
    CHECK(seen == "as before");
}
