// The parsers of /proc/PID/status and /proc/PID/stat.
#include "support/abilities.hpp"
#include "support/process.hpp"

#include <csignal>
#include <vector>

#include <daemonize.hpp>

namespace detail = daemonize::detail;

TEST_CASE("what the kernel says of a process is read from its status text") {
    const detail::ProcessStatus status =
        detail::parse_process_status("Name:\tx\nThreads:\t3\nSigBlk:\t00ff\nSigIgn:\t0000000000001003\nSigCgt:\t0f\n");
    CHECK(status.threads == 3);
    CHECK(status.ignored == 0x1003);
    CHECK(detail::parse_process_status("Name:\tThreads:\t9\nThreads:\t2\n").threads == 2); // a program of that name
    CHECK(detail::parse_process_status("Name:\tThreads:\n").threads == 0);
    CHECK(detail::parse_process_status("").ignored == 0);
}

TEST_CASE("a signal that this process ignores is seen, with the kernel's listing and without") {
    REQUIRE(::signal(SIGUSR2, SIG_IGN) != SIG_ERR);
    const std::uint64_t listed = detail::process_status().ignored;
    const std::uint64_t asked = detail::ask_ignored_signals();
    REQUIRE(::signal(SIGUSR2, SIG_DFL) != SIG_ERR);
    CHECK((listed >> (SIGUSR2 - 1) & 1) == 1);
    CHECK(asked == listed);
    CHECK((detail::process_status().ignored >> (SIGUSR2 - 1) & 1) == 0);
    CHECK(detail::process_status().threads == 1);
}

TEST_CASE("a status that ends within a line is read as far as it goes") {
    CHECK(daemonize::detail::parse_process_status("\nSigIgn:\t1f").ignored == 0x1f);
    CHECK(daemonize::detail::parse_process_status("\nSigIgn:\t1f\n2").ignored == 0x1f);
    CHECK(daemonize::detail::parse_process_status("\nThreads:\t7").threads == 7);
    CHECK(daemonize::detail::parse_process_status("").threads == 0);
}

TEST_CASE("threads and ignored signals are seen however many groups the process has") {
    NEEDS(root());
    NEEDS(other_users());
    for (std::size_t count = 230; count < 400; count += 2) {
        const std::string seen = test::in_child([&] {
            const std::vector<gid_t> groups(count, 4000000000u); // ten digits each: some pages of them
            if (::setgroups(groups.size(), groups.data()) != 0 || ::signal(SIGUSR2, SIG_IGN) == SIG_ERR) std::abort();
            const detail::ProcessStatus status = detail::process_status();
            return std::to_string(status.threads) + " thread, ignored " +
                   (status.ignored == detail::ask_ignored_signals() ? "as asked" : "otherwise");
        });
        INFO(count << " groups");
        CHECK(seen == "1 thread, ignored as asked");
    }
}
