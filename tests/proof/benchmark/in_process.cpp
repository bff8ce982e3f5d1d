// Measurements inside a process, by Google Benchmark: a notify message, the stop of a daemon, and a launch from a
// process with much memory. Each has an alternative without the library beside it.
#include <benchmark/benchmark.h>
#include <daemonize.hpp>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

void must(bool succeeded, const char* what) {
    if (!succeeded) throw std::runtime_error(what);
}

// A notify socket that somebody reads, as systemd does.
class Receiver {
  public:
    Receiver() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        socklen_t size = sizeof(sa_family_t); // the kernel chooses an abstract name
        must(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
        size = sizeof address;
        must(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
        const std::string name(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
        ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
        reader_ = std::thread([this] {
            char message[256];
            while (::recv(socket_, message, sizeof message, 0) > 0) {
            }
        });
    }
    ~Receiver() {
        ::shutdown(socket_, SHUT_RD);
        reader_.join();
        ::close(socket_);
    }

  private:
    int socket_;
    std::thread reader_;
};

void notify_daemonize(benchmark::State& state) {
    const Receiver receiver;
    daemonize::Notifier notifier = daemonize::Notifier::from_environment();
    for (auto _ : state) must(notifier.try_status("warming the cache"), "status");
}

void notify_libsystemd(benchmark::State& state) {
    const Receiver receiver;
    for (auto _ : state) must(::sd_notify(0, "STATUS=warming the cache") > 0, "sd_notify");
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string pid_file() { return std::string(std::getenv("BENCHMARK_DIRECTORY")) + "/in_process.pid"; }

// Both wait in the same call, and both are there before they are stopped.
void stop_daemonize(benchmark::State& state) {
    daemonize::Daemonizer daemonizer("stopped");
    daemonizer.pid_file(pid_file()).wait_until_ready();
    for (auto _ : state) {
        const daemonize::Launch launch = daemonizer.launch([](daemonize::Daemon& daemon) {
            daemon.ready();
            ::pause();
        });
        must(launch.ok(), launch.failure().message().c_str());
        const auto start = std::chrono::steady_clock::now();
        daemonize::Instance::at(pid_file()).stop();
        state.SetIterationTime(seconds_since(start));
    }
}

void stop_by_hand(benchmark::State& state) {
    for (auto _ : state) {
        int ready[2];
        must(::pipe(ready) == 0, "pipe");
        const pid_t child = ::fork();
        if (child == 0) {
            must(::write(ready[1], "", 1) == 1, "write");
            ::pause();
            ::_exit(0);
        }
        char byte;
        must(::read(ready[0], &byte, 1) == 1, "read");
        for (const int end : ready) ::close(end);
        const auto start = std::chrono::steady_clock::now();
        must(::kill(child, SIGTERM) == 0 && ::waitpid(child, nullptr, 0) == child, "stop");
        state.SetIterationTime(seconds_since(start));
    }
}

// So much resident memory, in pages of the usual size, as a heap that has grown has it.
class Resident {
  public:
    explicit Resident(std::size_t size) : size_(size) {
        memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(memory_ != MAP_FAILED && ::madvise(memory_, size, MADV_NOHUGEPAGE) == 0, "mmap");
        for (std::size_t i = 0; i < size; i += 4096) static_cast<char*>(memory_)[i] = 1;
    }
    ~Resident() { ::munmap(memory_, size_); }

  private:
    std::size_t size_;
    void* memory_;
};

constexpr std::size_t four_gib = std::size_t(4) << 30;

// From the call of `launch` in a process of 4 GiB until that process has left. `launch` returns in the daemon alone,
// which keeps its end of `line`.
template <class Launch>
void launch_from_big_process(benchmark::State& state, Launch launch) {
    for (auto _ : state) {
        int line[2];
        must(::socketpair(AF_UNIX, SOCK_STREAM, 0, line) == 0, "socketpair");
        const pid_t launcher = ::fork();
        if (launcher == 0) {
            ::close(line[0]);
            const Resident memory(four_gib);
            const double called = seconds_since({});
            must(::send(line[1], &called, sizeof called, 0) == sizeof called, "send");
            launch(line[1]);
            char byte;
            const bool is_over = ::recv(line[1], &byte, 1, 0) == 0;
            std::exit(is_over ? 0 : 1); // which takes the pid file away
        }
        ::close(line[1]);
        double called = 0;
        int status = 0;
        must(::recv(line[0], &called, sizeof called, 0) == sizeof called, "recv");
        must(::waitpid(launcher, &status, 0) == launcher && status == 0, "launch");
        state.SetIterationTime(seconds_since({}) - called);
        char byte;
        must(::shutdown(line[0], SHUT_WR) == 0 && ::recv(line[0], &byte, 1, 0) == 0, "end");
        ::close(line[0]);
    }
}

void big_process_daemonize(benchmark::State& state) {
    launch_from_big_process(
        state, [](int line) { daemonize::Daemonizer("big").pid_file(pid_file()).keep_fd(line).daemonize(); });
}

void big_process_by_hand(benchmark::State& state) {
    launch_from_big_process(state, [](int) {
        int ready[2];
        must(::pipe(ready) == 0, "pipe");
        const pid_t child = ::fork();
        if (child != 0) {
            char byte;
            ::close(ready[1]);
            const bool is_up = ::read(ready[0], &byte, 1) == 1 && ::waitpid(child, nullptr, 0) == child;
            ::_exit(is_up ? 0 : 1);
        }
        if (::fork() != 0) ::_exit(0);
        must(::write(ready[1], "", 1) == 1, "write");
    });
}

} // namespace

BENCHMARK(notify_daemonize);
BENCHMARK(notify_libsystemd);
BENCHMARK(stop_daemonize)->UseManualTime()->Iterations(200);
BENCHMARK(stop_by_hand)->UseManualTime()->Iterations(200);
BENCHMARK(big_process_daemonize)->UseManualTime()->Iterations(5);
BENCHMARK(big_process_by_hand)->UseManualTime()->Iterations(5);

BENCHMARK_MAIN();
