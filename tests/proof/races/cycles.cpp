// cycles COUNT: one long-lived process that starts a daemon by launch() and stops the daemon, COUNT times. The process
// must end without a zombie, and with no more descriptors, files and bytes than at its start.
#include "support/memory.hpp"
#include "support/process.hpp"

#include <daemonize.hpp>

#include <cinttypes>

namespace {

using daemonize::Daemon;
using daemonize::Daemonizer;
using daemonize::Duration;
using daemonize::Instance;

constexpr int warm_up = 20; // cycles until the C library's caches are full

// The heap is compared exactly: each cycle asks for the same, so that whatever it keeps shows as bytes. The pages are
// the kernel's, which counts what is resident by CPU, and tells it 64 pages off: they may differ by one such lot a CPU,
// and what grew by a page only every tenth of the cycles would exceed that in a full run.
long pages_tolerance() { return ::sysconf(_SC_NPROCESSORS_CONF) * 64 * ::sysconf(_SC_PAGESIZE) / 1024; }

void start_and_stop(const std::string& pid_file, const std::string& log) {
    const daemonize::Launch up =
        Daemonizer("cycle").pid_file(pid_file).stdout_to(log).wait_until_ready().launch([](Daemon& daemon) {
            daemonize::Events events;
            daemon.ready();
            events.wait_for_stop();
        });
    if (!up.ok()) throw std::runtime_error(up.failure().message());
    Instance::at(pid_file).stop(Duration::milliseconds(test::patience));
}

std::string files_in(const std::string& path) {
    std::string names;
    DIR* folder = ::opendir(path.c_str());
    while (const struct dirent* entry = ::readdir(folder)) {
        if (entry->d_name[0] != '.') names += std::string(entry->d_name) + " ";
    }
    ::closedir(folder);
    return names;
}

// The long-lived process. Each cycle reports at once what it has left behind.
int cycle(int count, const test::Directory& directory) {
    const std::set<int> descriptors = test::open_descriptors();
    std::size_t bytes = 0;
    long pages = 0;
    for (int i = 0; i < warm_up + count; ++i) {
        if (i == warm_up) {
            pages = test::resident();
            bytes = test::allocated();
        }
        start_and_stop(directory / "pid", directory / "log");
        const bool has_child = ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD;
        const std::string files = files_in(directory.path());
        const bool has_more = test::open_descriptors() != descriptors;
        if (!has_child && !has_more && files == "log ") continue;
        std::fprintf(stderr, "cycle %d left%s%s, and the files: %s\n", i, has_child ? " a child" : "",
                     has_more ? " a descriptor" : "", files.c_str());
        return 1;
    }
    const auto more_bytes = static_cast<std::intmax_t>(test::allocated()) - static_cast<std::intmax_t>(bytes);
    const long more_pages = test::resident() - pages;
    std::printf("%d starts and stops from one process: no zombie, no descriptor, no file; heap %+" PRIdMAX
                " bytes, resident %+ld KiB\n",
                count, more_bytes, more_pages);
    std::fflush(stdout);
    return more_bytes == 0 && more_pages <= pages_tolerance() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) try {
    const int count = argc > 1 ? std::atoi(argv[1]) : 0;
    if (count < 1) return 2;
    const test::Orphanage orphanage; // the daemons' init; the process below is none, as the programs that are meant
    const test::Directory directory;
    const pid_t parent = test::fork_clean();
    if (parent == 0) std::_Exit(cycle(count, directory));
    int daemons = 0, wrong = 0, result = 1;
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended == -1) break;
        if (ended == parent) {
            result = status;
        } else {
            ++daemons;
            wrong += status != 0 ? 1 : 0;
        }
    }
    if (daemons != warm_up + count || wrong != 0) {
        std::fprintf(stderr, "%d daemons, %d of them did not end with 0\n", daemons, wrong);
    }
    return result == 0 && daemons == warm_up + count && wrong == 0 ? 0 : 1;
} catch (const test::Unable&) {
    return 77; // the reason is printed
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
