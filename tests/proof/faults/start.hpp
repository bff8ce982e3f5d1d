// One start of a program, with a fault in one of its processes: the exit status, the output, and the files and
// processes that are left. For process 1 of a pid namespace, which sees and ends every process of the launch.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_START_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_START_HPP

#include "properties.hpp"
#include "tracer.hpp"

#include <chrono>
#include <string>
#include <sys/signalfd.h>
#include <vector>

namespace faults {

using Clock = std::chrono::steady_clock;

struct Program {
    std::vector<std::string> command;
    std::string pid_file;
    std::string programs;         // where gate.so lies
    std::string end = "\"ready "; // in the call by which the daemon tells the harness, which is none of the launch
};

class Start {
  public:
    /// In a fresh world, or in what the start before left of it.
    explicit Start(Program program, bool is_fresh = true) : program_(std::move(program)) {
        if (is_fresh) make_world();
        before_ = see_world();
        news_ = ::open(news_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        sigset_t children;
        ::sigemptyset(&children);
        ::sigaddset(&children, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &children, nullptr);
        children_ = ::signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
        if (news_ < 0 || children_ < 0) throw std::runtime_error("cannot prepare a start");
    }
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;
    ~Start() {
        // As process 1 this hits all others of the namespace, and them alone.
        do ::kill(-1, SIGKILL);
        while (::waitpid(-1, nullptr, 0) > 0);
        ::close(news_);
        ::close(children_);
    }

    /// Starts it, and returns once the launcher has ended and the daemon is ready or nobody is left.
    void run(const Fault& fault) {
        fault_ = fault;
        Shell shell(program_.command, variables());
        shell_ = shell.start(pipes_);
        launcher_ = std::atoi(pipes_.started.line().c_str());
        if (is_traced()) attach();
        follow();
        tracer_.read();
        if (!anybody_lives_) tracer_.read_to_the_end();
        if (daemon() > 0 && !hung_) {
            properties_ = see_daemon(daemon_, program_.pid_file);
            properties_["shown output"] = shell.shown();
        }
        collect(pipes_.seam, seam_said_);
    }

    bool hung() const { return hung_; }
    bool succeeded() const { return !hung_ && status_ == 0; }
    int status() const { return status_; }
    bool was_injected() const { return !injected().empty(); }

    /// The call that the fault hit.
    std::string injected() const {
        if (fault_.is_by_seam()) return starts_with(seam_said_, "INJECTED") ? seam_said_ : "";
        return tracer_.injected();
    }

    pid_t launcher() const { return launcher_; }
    /// The daemon that is ready, and lives; 0 where there is none.
    pid_t daemon() const { return anybody_lives_ ? daemon_ : 0; }
    /// The one that was ready, and may be gone.
    pid_t last_daemon() const { return daemon_; }
    const Properties& properties() const { return properties_; }
    std::string said() { return collect(pipes_.error, said_); }
    const std::string& seam_said() const { return seam_said_; }
    /// Processes that lived at the launcher's end.
    const std::string& processes_left() const { return processes_left_; }
    const std::map<std::string, std::string>& world_before() const { return before_; }

    std::string trace_prefix; // traces all processes to files of this name, and injects nothing
    bool lists_seam = false;

  private:
    bool is_traced() const { return fault_.is_by_strace() || !trace_prefix.empty(); }

    std::vector<std::string> variables() const {
        const int depth = !is_traced() ? -1 : trace_prefix.empty() ? depth_of(fault_.call.role) : 0;
        std::vector<std::string> all = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin",
                                        "TZ=UTC",
                                        "TERM=dumb",
                                        "SECRET=1",
                                        "LAUNCH_SECONDS=" + std::to_string(test::patience / 6000),
                                        "LD_PRELOAD=" + program_.programs + "/gate.so",
                                        "FAULTS_GATE=" + std::to_string(depth) + " 10 11"};
        if (fault_.is_by_seam()) {
            all.push_back("FAULT=" + fault_.call.role + " " + fault_.call.name + " " +
                          std::to_string(fault_.call.occurrence) + " " + fault_.kind + " " +
                          (fault_.kind == "close" ? fault_.value : "0"));
        }
        if (lists_seam) all.emplace_back("FAULT=list");
        return all;
    }

    // If no process reaches the gate, the launch has ended before.
    void attach() {
        const std::string line = pipes_.send_text.line();
        if (line.empty()) return;
        held_ = std::atoi(line.c_str());
        tracer_.attach(held_, fault_, trace_prefix);
        pipes_.go.send_text("g");
    }

    void follow() {
        const Clock::time_point end = Clock::now() + std::chrono::milliseconds(test::patience);
        while (!is_over()) {
            hung_ = Clock::now() >= end;
            if (hung_) return;
            const Clock::time_point until = is_stopped_ ? resume_at_ : end;
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
            struct pollfd watched[] = {{news_, POLLIN, 0},
                                       {children_, POLLIN, 0},
                                       {has_status_ ? -1 : pipes_.started.read_end(), POLLIN, 0},
                                       {tracer_.descriptor(), POLLIN, 0}};
            ::poll(watched, 4, left < 0 ? 0 : static_cast<int>(left) + 1);
            tracer_.read();
            stop_and_go();
        }
    }

    // A stopped process goes on after two seconds.
    void stop_and_go() {
        if (fault_.kind != "stop" || was_resumed_) return;
        if (!is_stopped_ && was_injected()) {
            is_stopped_ = true;
            resume_at_ = Clock::now() + std::chrono::seconds(2);
        }
        if (!is_stopped_ || Clock::now() < resume_at_) return;
        ::kill(held_, SIGCONT);
        is_stopped_ = false;
        was_resumed_ = true;
    }

    // The launcher has ended, and there is a daemon for good or nobody. For good: a process between that is not gone
    // might be about to end it.
    bool is_over() {
        struct signalfd_siginfo info;
        while (::read(children_, &info, sizeof info) > 0) {
        }
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        take_status();
        take_news();
        anybody_lives_ = !living().empty();
        if (!has_status_) return false;
        if (!anybody_lives_) return true;
        if (daemon_ <= 0) return false;
        const std::vector<std::string> fields = stat_fields(daemon_);
        return fields.size() > 1 && fields[1] == "1";
    }

    void take_status() {
        struct pollfd watched = {pipes_.started.read_end(), POLLIN, 0};
        if (has_status_ || ::poll(&watched, 1, 0) <= 0) return;
        processes_left_ = living();
        status_ = std::atoi(pipes_.started.line().c_str());
        has_status_ = true;
    }

    void take_news() {
        char text[256];
        const ssize_t size = ::read(news_, text, sizeof text - 1);
        if (size <= 0) return;
        text[size] = '\0';
        if (starts_with(text, "ready ")) daemon_ = std::atoi(text + 6);
    }

    // Processes of the launch that are more than a corpse.
    std::string living() const {
        std::string text;
        DIR* folder = ::opendir("/proc");
        while (const struct dirent* entry = ::readdir(folder)) {
            const int number = std::atoi(entry->d_name);
            if (number <= 1 || number == tracer_.pid() || number == shell_) continue;
            const std::vector<std::string> fields = stat_fields(number);
            if (fields.empty() || fields[0] == "Z" || fields[0] == "X") continue;
            text += std::to_string(number) + " ";
        }
        ::closedir(folder);
        return text;
    }

    // All that is in a pipe by now.
    static std::string collect(test::Pipe& pipe, std::string& all) {
        char text[4096];
        struct pollfd watched = {pipe.read_end(), POLLIN, 0};
        while (::poll(&watched, 1, 0) > 0) {
            const ssize_t size = ::read(pipe.read_end(), text, sizeof text);
            if (size <= 0) break;
            all.append(text, static_cast<std::size_t>(size));
        }
        return all;
    }

    Program program_;
    Fault fault_;
    std::map<std::string, std::string> before_;
    Pipes pipes_;
    Tracer tracer_;
    int news_ = -1, children_ = -1, status_ = 0;
    pid_t shell_ = 0, launcher_ = 0, held_ = 0, daemon_ = 0;
    bool has_status_ = false, anybody_lives_ = true, hung_ = false, is_stopped_ = false, was_resumed_ = false;
    Clock::time_point resume_at_;
    std::string said_, seam_said_, processes_left_;
    Properties properties_;
};

} // namespace faults

#endif
