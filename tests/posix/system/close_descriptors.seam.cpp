// Every way to close the inherited descriptors closes all of them, in a time that depends on the number of open
// descriptors.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/catch.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>

using daemonize::Daemonizer;
using daemonize::Launch;
using daemonize::Stage;

namespace {

// The calls that the kernel refuses.
struct Forbidden {
    int close_range = 0; // the error; 0 where it works
    bool proc = false;
    bool select = false;
};

// Counts that every process of a launch adds to.
struct Counts {
    int close_range;
    int getdents;
    int select;
    int close;
};

class SharedCounts {
  public:
    SharedCounts() {
        void* memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::runtime_error("cannot share memory");
        counts_ = static_cast<Counts*>(memory);
    }
    SharedCounts(const SharedCounts&) = delete;
    SharedCounts& operator=(const SharedCounts&) = delete;
    ~SharedCounts() { ::munmap(counts_, sizeof(Counts)); }
    Counts* operator->() const { return counts_; }

  private:
    Counts* counts_;
};

// As many descriptors as may be: none of the ways may take longer for it.
void raise_limit() {
    struct rlimit limit;
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A descriptor as high as it may be, up to 5000, and with one more above it.
int high_descriptor(int source) {
    struct rlimit limit;
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const int wanted = static_cast<int>(std::min<rlim_t>(limit.rlim_cur - 2, 5000));
    return ::fcntl(source, F_DUPFD_CLOEXEC, wanted);
}

seam::Hook hook_of(const Forbidden& forbidden, const SharedCounts& counts) {
    return [forbidden, &counts](const seam::Call& call, seam::Answer& answer) {
        if (call.process != seam::daemon) return false;
        if (call.is("close")) ++counts->close;
        if (call.is("syscall") && call.arguments[0] == SYS_getdents64) ++counts->getdents;
        if (call.is("syscall") && call.arguments[0] == daemonize::detail::close_range_number) {
            ++counts->close_range;
            return forbidden.close_range != 0 && seam::fail(call, forbidden.close_range, answer);
        }
        if (call.is("select")) {
            ++counts->select;
            return forbidden.select && seam::fail(call, ENOMEM, answer);
        }
        return call.is("open") && forbidden.proc && call.path() == "/proc/self/fd" && seam::fail(call, ENOENT, answer);
    };
}

// The descriptors of a daemon that was started with some below 100 and one at 5000, among them a kept one.
void check_closed(const Forbidden& forbidden, const SharedCounts& counts) {
    const test::Orphanage orphans;
    raise_limit();
    test::Pipe report, low, other;
    const daemonize::detail::Descriptor high(high_descriptor(low.read_end()));
    const daemonize::detail::Descriptor kept(high_descriptor(low.read_end()));
    REQUIRE(high);
    REQUIRE(kept);
    // An open one just where the size of the table is looked for, and nothing to read from it.
    const daemonize::detail::Descriptor last(::fcntl(low.read_end(), F_DUPFD_CLOEXEC, 63));
    REQUIRE(last);
    const seam::Injection injection(hook_of(forbidden, counts));
    const Launch launch =
        Daemonizer("closing").keep_fd(report.write_end()).keep_fd(kept.get()).wait_until_ready().launch([&](auto& d) {
            d.ready();
            std::string list;
            for (const int number : test::open_descriptors()) list += std::to_string(number) + " ";
            report.send_text(list + "\n");
        });
    CHECK(launch.failure().message() == "");
    std::string expected = "0 1 2 ";
    for (const int number : std::set<int>{report.write_end(), kept.get()}) expected += std::to_string(number) + " ";
    CHECK(report.line() == expected);
    orphans.wait_until_empty();
}

// A launch with a runtime directory, unless the name is empty: whatever the launch opens has O_CLOEXEC.
void check_inheritable(const std::string& runtime_directory) {
    const test::Orphanage orphans;
    for (const bool comes_up : {true, false}) {
        const test::Directory directory;
        test::Pipe report;
        Daemonizer daemonizer("closing");
        if (!runtime_directory.empty()) daemonizer.runtime_directory(runtime_directory);
        daemonizer.pid_file(directory / "pid").stdout_to(directory / "out").stderr_to(directory / "log");
        daemonizer.wait_until_ready().keep_fd(report.write_end());
        {
            const seam::Injection injection([&](const seam::Call& call, seam::Answer&) {
                if (call.is("open") && (call.arguments[1] & O_CLOEXEC) == 0) report.send_text(call.path() + " ");
                return false;
            });
            const Launch launch = daemonizer.launch([&](auto& daemon) {
                if (comes_up) daemon.ready();
                return 3;
            });
            CHECK(launch.ok() == comes_up);
        }
        orphans.wait_until_empty();
        CHECK(report.rest().empty());
    }
}

} // namespace

TEST_CASE("where close_range works, it alone closes the inherited descriptors") {
    const SharedCounts counts;
    check_closed({}, counts);
    CHECK(counts->close_range > 0);
    CHECK(counts->getdents == 0);
    CHECK(counts->select == 0);
}

TEST_CASE("where close_range is missing or forbidden, the listing in /proc says what to close") {
    for (const int error : {ENOSYS, EPERM}) {
        const SharedCounts counts;
        check_closed({error, false, false}, counts);
        CHECK(counts->close_range > 0);
        CHECK(counts->getdents > 0);
        CHECK(counts->select == 0);
        CHECK(counts->close < 100);
    }
}

TEST_CASE("the listing's own descriptor is not taken for an inherited one") {
    const test::Orphanage orphans;
    const SharedCounts counts;
    test::Pipe report, other;
    const daemonize::detail::Descriptor inherited(::fcntl(other.read_end(), F_DUPFD_CLOEXEC, 40));
    Daemonizer daemonizer("closing");
    // With all below kept, the listing's descriptor lies in the range that is closed.
    std::string expected = "0 1 2 ";
    for (const int number : test::open_descriptors()) {
        if (number <= STDERR_FILENO || number >= 40) continue;
        daemonizer.keep_fd(number);
        expected += std::to_string(number) + " ";
    }
    const seam::Injection injection(hook_of({ENOSYS, false, false}, counts));
    const Launch launch = daemonizer.wait_until_ready().launch([&](auto& d) {
        d.ready();
        std::string list;
        for (const int number : test::open_descriptors()) list += std::to_string(number) + " ";
        report.send_text(list + "\n");
    });
    CHECK(launch.ok());
    CHECK(report.line() == expected);
    CHECK(counts->select == 0);
    orphans.wait_until_empty();
}

TEST_CASE("where /proc is hidden, close_range does") {
    const SharedCounts counts;
    check_closed({0, true, false}, counts);
    CHECK(counts->getdents == 0);
}

TEST_CASE("where both are out of reach, the size of the table bounds the search") {
    for (const int error : {ENOSYS, EPERM}) {
        const SharedCounts counts;
        check_closed({error, true, false}, counts);
        CHECK(counts->select > 0);
        CHECK(counts->close < 20000); // 8,192 for a descriptor at 5000, whatever RLIMIT_NOFILE is
    }
}

TEST_CASE("where nothing tells how many there are, the start fails and says so") {
    const test::Orphanage orphans;
    const SharedCounts counts;
    const seam::Injection injection(hook_of({EPERM, true, true}, counts));
    const Launch launch = Daemonizer("closing").launch([] {});
    CHECK(launch.failure().stage() == Stage::descriptors);
    CHECK(launch.failure().message() ==
          "cannot close the inherited descriptors: close_range is refused, /proc/self/fd cannot be read, and the size "
          "of the table is unknown");
    CHECK(launch.exit_code() == 202);
    CHECK(orphans.is_empty());
}

TEST_CASE("whatever a launch opens, no program that is started meanwhile inherits it") { check_inheritable(""); }

TEST_CASE("no program that is started meanwhile inherits what a launch opens to make a directory") {
    NEEDS(system_directories());
    const std::string name = "daemonize-test-" + std::to_string(::getpid());
    check_inheritable(name);
    ::rmdir(("/run/" + name).c_str());
}
