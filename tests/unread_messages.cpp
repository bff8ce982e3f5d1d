// A launcher whose standard error nobody reads any more: what it would have said is lost, and nothing else.
#include "catch.hpp"
#include "process.hpp"

#include <daemonize.hpp>

using daemonize::Daemon;
using daemonize::Daemonizer;

namespace {

// In a launcher: its standard error leads to nobody from here on.
void lose_reader() {
    test::Pipe pipe;
    if (::dup2(pipe.write_end(), STDERR_FILENO) != STDERR_FILENO) std::abort();
}

} // namespace

TEST_CASE("a failed start has its exit status although nobody reads why") {
    const test::Orphanage orphans;
    const test::Directory directory;
    const test::Ended ended = test::run_launcher([&] {
        lose_reader();
        Daemonizer("unread").chdir(directory / "nowhere").daemonize();
        return 0;
    });
    CHECK(ended.with(daemonize::exit_code(daemonize::Stage::chdir)));
    CHECK(orphans.is_empty());
}

TEST_CASE("a daemon comes up although nobody reads of its progress") {
    const test::Orphanage orphans;
    test::Pipe hold;
    const test::Ended ended = test::run_launcher([&] {
        lose_reader();
        Daemon daemon = Daemonizer("unread").keep_fd(hold.read_end()).wait_until_ready().daemonize();
        daemon.progress("half way");
        daemon.ready();
        hold.wait_until_closed();
        return 0;
    });
    CHECK(ended.with(0));
    CHECK_FALSE(orphans.is_empty());
    hold.close_write();
    orphans.wait_until_empty();
}
