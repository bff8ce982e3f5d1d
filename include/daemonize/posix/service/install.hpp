// Having the system start a service at each boot: a unit of systemd, an OpenRC or a System V init script, whichever it has.
// Uses quote and descriptors; the verbs use it.
#ifndef DAEMONIZE_POSIX_SERVICE_INSTALL_HPP
#define DAEMONIZE_POSIX_SERVICE_INSTALL_HPP

#include "../../core/utf.hpp"
#include "../../service/quote.hpp"
#include "../launch/set_up.hpp"
#include "../steps/directories.hpp"
#include "../steps/environment.hpp"
#include "../system/files.hpp"

#include <cstdlib>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace daemonize {
namespace detail {

// What is known of a service that is to be installed.
struct ServiceUnit {
    std::string name;
    std::string description;
    std::string program;
    std::string pid_file;
    List<std::string> arguments;
};

// A program to run, and its arguments.
using Command = List<std::string>;

inline Command command(std::initializer_list<Piece> words) {
    Command made;
    for (const Piece& word : words) made.push_back(std::string(word.data(), word.size()));
    return made;
}

// How this system starts services: where the file goes, what it holds, which programs have to be told.
struct InitSystem {
    enum class Kind { none, systemd, openrc, sysv };
    Kind kind = Kind::none;
    std::string file;
    mode_t mode = 0755;
    Command enable[2]; // in order; an empty one is none
    Command disable;
};

constexpr const char* install_mark = "# Written by the verb install, which overwrites it; uninstall takes it away.";

inline bool is_there(const char* path) noexcept { return DAEMONIZE_SYSTEM(access)(path, F_OK) == 0; }

// sd_booted(3): systemd is in charge of this machine.
inline bool is_booted_by_systemd() noexcept { return is_there("/run/systemd/system"); }

inline std::string user_unit_directory() {
    const char* config = std::getenv("XDG_CONFIG_HOME");
    if (config != nullptr && config[0] == '/') return joined({config, "/systemd/user"});
    const char* home = std::getenv("HOME");
    return home != nullptr && home[0] == '/' ? joined({home, "/.config/systemd/user"}) : "";
}

inline InitSystem find_init_system(const std::string& name) {
    InitSystem found;
    const bool is_root = geteuid() == 0;
    if (is_booted_by_systemd()) {
        const std::string directory = is_root ? "/etc/systemd/system" : user_unit_directory();
        if (directory.empty()) return found;
        found.kind = InitSystem::Kind::systemd;
        found.file = joined({directory, "/", name, ".service"});
        found.mode = 0644;
        const char* const scope = is_root ? "--system" : "--user";
        found.enable[0] = command({"systemctl", scope, "daemon-reload"});
        found.enable[1] = command({"systemctl", scope, "--quiet", "enable", joined({name, ".service"})});
        found.disable = command({"systemctl", scope, "--quiet", "--now", "disable", joined({name, ".service"})});
    } else if (is_root && is_there("/sbin/openrc-run") && is_there("/run/openrc")) {
        found.kind = InitSystem::Kind::openrc;
        found.file = joined({"/etc/init.d/", name});
        found.enable[0] = command({"rc-update", "--quiet", "add", name, "default"});
        found.disable = command({"rc-update", "--quiet", "delete", name, "default"});
    } else if (is_root && is_there("/etc/init.d")) {
        found.kind = InitSystem::Kind::sysv;
        found.file = joined({"/etc/init.d/", name});
        if (is_there("/usr/sbin/update-rc.d")) {
            found.enable[0] = command({"/usr/sbin/update-rc.d", name, "defaults"});
            found.disable = command({"/usr/sbin/update-rc.d", "-f", name, "remove"});
        } else if (is_there("/sbin/chkconfig")) {
            found.enable[0] = command({"/sbin/chkconfig", "--add", name});
            found.disable = command({"/sbin/chkconfig", "--del", name});
        }
    }
    return found;
}

inline std::string unit_text(const ServiceUnit& unit) {
    constexpr bool is_program = true;
    std::string command = joined({quote_for_unit(unit.program, is_program), " run --"});
    for (const std::string& argument : unit.arguments) append(command, {" ", quote_for_unit(argument)});
    std::string description = one_line(unit.description.empty() ? unit.name : unit.description);
    for (std::size_t at = 0; (at = description.find('%', at)) != std::string::npos; at += 2)
        description.insert(at, "%");
    // At its end it would have the next line belong to it.
    while (!description.empty() && description.back() == '\\') description.pop_back();
    return joined({install_mark, "\n[Unit]\nDescription=", description, "\nAfter=network.target\n\n",
                   "[Service]\nType=notify\nExecStart=", command,
                   // The shell's own kill: /bin/kill is of a package that a small system does without.
                   "\nExecReload=/bin/sh -c \"kill -HUP $$MAINPID\"\nRestart=on-failure\n\n[Install]\nWantedBy=",
                   geteuid() == 0 ? "multi-user" : "default", ".target\n"});
}

inline std::string start_command(const ServiceUnit& unit, const char* verb) {
    std::string command = joined({quote_for_shell(unit.program), " ", verb, " --"});
    for (const std::string& argument : unit.arguments) append(command, {" ", quote_for_shell(argument)});
    return command;
}

inline std::string openrc_text(const ServiceUnit& unit) {
    const std::string program = quote_for_shell(unit.program);
    return joined({"#!/sbin/openrc-run\n", install_mark, "\ndescription=", quote_for_shell(one_line(unit.description)),
                   "\nextra_started_commands=\"reload\"\n\nstart() {\n    ", start_command(unit, "start"),
                   "\n}\n\nstop() {\n    ", program, " stop\n}\n\nreload() {\n    ", start_command(unit, "reload"),
                   "\n}\n\nstatus() {\n    ", program, " status\n}\n"});
}

inline std::string sysv_text(const ServiceUnit& unit) {
    const std::string description = one_line(unit.description.empty() ? unit.name : unit.description);
    return joined({"#!/bin/sh\n### BEGIN INIT INFO\n# Provides:          ", unit.name,
                   "\n# Required-Start:    $remote_fs $syslog\n# Required-Stop:     $remote_fs $syslog\n",
                   "# Default-Start:     2 3 4 5\n# Default-Stop:      0 1 6\n# Short-Description: ", description,
                   "\n### END INIT INFO\n", install_mark, "\ncase \"$1\" in\nstart) exec ",
                   start_command(unit, "start"), " ;;\nrestart | force-reload) exec ", start_command(unit, "restart"),
                   " ;;\nreload) exec ", start_command(unit, "reload"), " ;;\nstop | status) exec ",
                   quote_for_shell(unit.program),
                   " \"$1\" ;;\n*)\n    echo \"usage: $0 start|stop|restart|force-reload|reload|status\" ",
                   ">&2\n    exit 2\n    ;;\nesac\n"});
}

inline std::string init_text(InitSystem::Kind kind, const ServiceUnit& unit) {
    if (kind == InitSystem::Kind::systemd) return unit_text(unit);
    return kind == InitSystem::Kind::openrc ? openrc_text(unit) : sysv_text(unit);
}

// Runs a program and waits for it. Its words go where ours go.
inline Failure run_program(Stage stage, const std::string& about, const Command& words) {
    List<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::string line = words[0];
    for (std::size_t i = 1; i < words.size(); ++i) append(line, {" ", words[i]});
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

// The program as the system will have to call it: by a whole path, past links.
inline std::string whole_path(const std::string& program) {
    for (const char* path : {"/proc/self/exe", program.c_str()}) {
        char* real = DAEMONIZE_SYSTEM(realpath)(path, nullptr);
        if (real == nullptr) continue;
        std::string whole = real;
        std::free(real);
        return whole;
    }
    return program;
}

inline Failure no_init_system(Stage stage, const std::string& name) {
    return posix_failure(stage, ENOSYS, name,
                         geteuid() == 0 ? "this system has neither systemd nor init scripts"
                                        : "only root may, or a user of systemd");
}

inline bool is_utf8(const std::string& text) {
    std::string again;
    for (std::size_t at = 0; at < text.size();) append_utf8(again, decode_utf8(text, at));
    return again == text;
}

// Why systemd would not take the unit; empty where it does. Some of this it says only when the unit is to be started.
inline std::string unit_problem(const ServiceUnit& unit) {
    for (const char c : unit.program) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\'' || c == '\\') {
            return joined(
                {"systemd takes no quote, backslash or control character in the program's path: ", unit.program});
        }
    }
    std::string words = joined({unit.program, unit.description});
    for (const std::string& argument : unit.arguments) append(words, {" ", argument});
    return is_utf8(words) ? "" : "systemd takes no words that are not UTF-8";
}

// Whether the file is one that install wrote: what an administrator wrote is not ours to take away.
inline bool is_installed(const InitSystem& init) {
    return init.kind != InitSystem::Kind::none && read_file(init.file).find(install_mark) != std::string::npos;
}

// Installs the service, over an older installation too; what fails is taken back.
inline Failure install_service(ServiceUnit unit) {
    const InitSystem init = find_init_system(unit.name);
    if (init.kind == InitSystem::Kind::none) return no_init_system(Stage::service_install, unit.name);
    unit.program = whole_path(unit.program);
    if (init.kind == InitSystem::Kind::systemd) {
        const std::string problem = unit_problem(unit);
        if (!problem.empty()) return posix_failure(Stage::service_install, EINVAL, unit.name, problem);
    }
    if (init.kind == InitSystem::Kind::systemd && geteuid() != 0) {
        const std::string directory = directory_of(init.file); // the fault points into it
        const StepError failed = make_directory(Stage::service_install, directory, Owner());
        if (failed) return to_failure(failed);
    }
    const bool is_update = is_installed(init);
    if (!is_update && is_there(init.file.c_str())) {
        return posix_failure(Stage::service_install, EEXIST, unit.name,
                             joined({init.file, " is there, and was not written by install"}));
    }
    const std::string before = read_file(init.file);
    if (Failure failure = replace_file(Stage::service_install, init.file, init.mode, init_text(init.kind, unit)))
        return failure;
    Failure failure;
    for (const Command& words : init.enable) {
        if (!failure && !words.empty()) failure = run_program(Stage::service_install, unit.name, words);
    }
    if (!failure) return failure;
    // What cannot be taken back is less than what has been told.
    if (is_update) {
        static_cast<void>(replace_file(Stage::service_install, init.file, init.mode, before));
    } else {
        static_cast<void>(DAEMONIZE_SYSTEM(unlink)(init.file.c_str()));
    }
    return failure;
}

inline Failure uninstall_service(const ServiceUnit& unit) {
    const InitSystem init = find_init_system(unit.name);
    if (init.kind == InitSystem::Kind::none) return no_init_system(Stage::service_uninstall, unit.name);
    if (!is_installed(init)) {
        return posix_failure(Stage::service_open, ENOENT, unit.name, joined({"it is not installed in ", init.file}));
    }
    if (!init.disable.empty()) {
        if (Failure failure = run_program(Stage::service_uninstall, unit.name, init.disable)) return failure;
    }
    if (DAEMONIZE_SYSTEM(unlink)(init.file.c_str()) != 0) {
        return posix_failure(Stage::service_uninstall, errno, init.file);
    }
    if (init.kind != InitSystem::Kind::systemd) return Failure();
    return run_program(Stage::service_uninstall, unit.name, init.enable[0]);
}

// Whether systemd runs the service by the unit that install wrote.
inline bool is_systemds(const ServiceUnit& unit) {
    const InitSystem init = find_init_system(unit.name);
    return init.kind == InitSystem::Kind::systemd && is_installed(init);
}

// The service's own arguments in the unit that install wrote: those that it will be started with.
inline std::vector<std::string> installed_arguments(const ServiceUnit& unit) {
    const std::string text = read_file(find_init_system(unit.name).file);
    const std::string key = "\nExecStart=";
    const std::size_t at = text.find(key);
    if (at == std::string::npos) return {};
    const std::vector<std::string> words = arguments_in_unit(text.substr(at + 1, text.find('\n', at + 1) - at - 1));
    std::vector<std::string> arguments;
    for (std::size_t i = 1; i < words.size(); ++i) arguments.push_back(words[i]); // behind the program
    return arguments;
}

inline Failure systemctl(const ServiceUnit& unit, const char* verb) {
    return run_program(
        Stage::instance, unit.pid_file,
        command({"systemctl", geteuid() == 0 ? "--system" : "--user", verb, joined({unit.name, ".service"})}));
}

} // namespace detail
} // namespace daemonize

#endif
