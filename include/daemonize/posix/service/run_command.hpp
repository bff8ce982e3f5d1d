// Runs a command, such as systemctl(1) or update-rc.d(8), and waits for its end (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_RUN_COMMAND_HPP
#define DAEMONIZE_POSIX_SERVICE_RUN_COMMAND_HPP

#include "../../core/list.hpp"
#include "../steps/environment.hpp"
#include "../system/signals.hpp"

#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace daemonize {
namespace detail {

// A program to run, and its arguments.
using Command = std::vector<std::string>;

// Runs a program and waits for its end. The program inherits the standard streams.
inline Failure run_command(Stage stage, const std::string& about, const Command& command) {
    List<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::string line = command[0];
    for (std::size_t i = 1; i < command.size(); ++i) append(line, {" ", command[i]});
    const WaitableChildren waitable;
    pid_t child = -1;
    const int error = DAEMONIZE_SYSTEM(posix_spawnp)(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
    if (error != 0) return posix_failure(stage, error, joined({about, ": ", line}));
    int status = 0;
    if (retry([&] { return DAEMONIZE_SYSTEM(waitpid)(child, &status, 0); }) != child) {
        return posix_failure(stage, errno, joined({about, ": ", line}));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Failure();
    const bool exited = WIFEXITED(status);
    return posix_failure(stage, ECANCELED, about,
                         joined({line, exited ? " ended with status " : " was killed by signal ",
                                 exited ? WEXITSTATUS(status) : WTERMSIG(status)}));
}

} // namespace detail
} // namespace daemonize

#endif
