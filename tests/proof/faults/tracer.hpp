// strace, attached to one process that waits at the gate: injects one fault, or records the calls of all processes.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_TRACER_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_TRACER_HPP

#include "fault.hpp"
#include "shell.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace faults {

class Tracer {
  public:
    /// Attached when it returns. `prefix`: of the files to write to, where nothing is injected.
    void attach(pid_t held, const Fault& fault, const std::string& prefix) {
        fault_ = fault;
        pid_ = test::fork_clean();
        if (pid_ == 0) become_strace(words_for(held, prefix));
        output_.close_write();
        stderr_output_.close_write();
        const std::string said = stderr_output_.line();
        if (said.find("attached") == std::string::npos) throw std::runtime_error("strace: " + said);
    }

    pid_t pid() const { return pid_; }

    /// To be polled while there is more to come; else -1.
    int descriptor() const { return pid_ > 0 && !has_ended_ ? output_.read_end() : -1; }

    /// Takes what strace has written by now.
    void read() {
        char text[4096];
        struct pollfd watched = {output_.read_end(), POLLIN, 0};
        while (descriptor() >= 0 && ::poll(&watched, 1, 0) > 0) {
            const ssize_t size = ::read(output_.read_end(), text, sizeof text);
            if (size <= 0) {
                has_ended_ = true;
            } else {
                traced_.append(text, static_cast<std::size_t>(size));
            }
        }
    }

    /// Takes all that it will ever write, of a process that is gone.
    void read_to_the_end() {
        for (;;) {
            struct pollfd watched = {descriptor(), POLLIN, 0};
            if (watched.fd < 0 || ::poll(&watched, 1, test::patience) <= 0) return;
            read();
        }
    }

    /// The call that was hit, as strace has it so far; empty where it was not made, or did not fail as it should have.
    std::string injected() const {
        int seen = 0;
        std::istringstream lines(traced_);
        for (std::string line; std::getline(lines, line);) {
            if (!starts_with(line, fault_.call.name + "(") || ++seen != fault_.call.occurrence) continue;
            return fault_.kind != "error" || line.find("(INJECTED)") != std::string::npos ? line : "";
        }
        return "";
    }

  private:
    std::vector<std::string> words_for(pid_t held, const std::string& prefix) const {
        std::vector<std::string> words = {"strace", "-p", std::to_string(held), "-s", "64"};
        if (!prefix.empty()) {
            for (const std::string& word : {std::string("-ff"), std::string("-o"), prefix}) words.push_back(word);
            return words;
        }
        std::string what = ":error=" + fault_.value;
        if (fault_.kind == "signal" || fault_.kind == "stop") what = ":signal=" + fault_.value;
        if (fault_.kind == "delay") what = ":delay_enter=" + fault_.value;
        const std::string& call = fault_.call.name;
        for (const std::string& word :
             {std::string("-o"), std::string("/dev/fd/1"), std::string("-e"), "trace=" + call, std::string("-e"),
              "inject=" + call + what + ":when=" + std::to_string(fault_.call.occurrence)}) {
            words.push_back(word);
        }
        return words;
    }

    [[noreturn]] void become_strace(std::vector<std::string> words) const {
        ::setsid(); // signals at the group of a launch are none of its
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::dup2(stderr_output_.write_end(), STDERR_FILENO);
        ::dup2(output_.write_end(), STDOUT_FILENO);
        std::vector<char*> command;
        for (std::string& word : words) command.push_back(&word[0]);
        command.push_back(nullptr);
        ::execvp(command[0], command.data());
        std::abort();
    }

    Fault fault_;
    pid_t pid_ = 0;
    test::Pipe output_, stderr_output_;
    std::string traced_;
    bool has_ended_ = false;
};

} // namespace faults

#endif
