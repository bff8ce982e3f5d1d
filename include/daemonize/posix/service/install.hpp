// The verbs install and uninstall: a unit of systemd, or an init script of OpenRC or System V (internal).
#ifndef DAEMONIZE_POSIX_SERVICE_INSTALL_HPP
#define DAEMONIZE_POSIX_SERVICE_INSTALL_HPP

#include "../steps/directories.hpp"
#include "../system/files.hpp"
#include "definition.hpp"
#include "init_scripts.hpp"
#include "run_command.hpp"
#include "systemd_unit.hpp"

#include <string>
#include <vector>

namespace daemonize {
namespace detail {

// The init system of this machine: the file that describes the service, and the commands that enable and disable the
// service.
struct InitSystem {
    enum class Kind { none, systemd, openrc, sysv };
    Kind kind = Kind::none;
    std::string file;
    mode_t mode = 0755;
    Command enable[2]; // in this order; an empty command is skipped
    Command disable;
};

inline bool exists(const char* path) noexcept { return DAEMONIZE_SYSTEM(access)(path, F_OK) == 0; }

// sd_booted(3).
inline bool is_booted_by_systemd() noexcept { return exists("/run/systemd/system"); }

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
        found.enable[0] = Command{"systemctl", scope, "daemon-reload"};
        found.enable[1] = Command{"systemctl", scope, "--quiet", "enable", joined({name, ".service"})};
        found.disable = Command{"systemctl", scope, "--quiet", "--now", "disable", joined({name, ".service"})};
    } else if (is_root && exists("/sbin/openrc-run") && exists("/run/openrc")) {
        found.kind = InitSystem::Kind::openrc;
        found.file = joined({"/etc/init.d/", name});
        found.enable[0] = Command{"rc-update", "--quiet", "add", name, "default"};
        found.disable = Command{"rc-update", "--quiet", "delete", name, "default"};
    } else if (is_root && exists("/etc/init.d")) {
        found.kind = InitSystem::Kind::sysv;
        found.file = joined({"/etc/init.d/", name});
        if (exists("/usr/sbin/update-rc.d")) {
            found.enable[0] = Command{"/usr/sbin/update-rc.d", name, "defaults"};
            found.disable = Command{"/usr/sbin/update-rc.d", "-f", name, "remove"};
        } else if (exists("/sbin/chkconfig")) {
            found.enable[0] = Command{"/sbin/chkconfig", "--add", name};
            found.disable = Command{"/sbin/chkconfig", "--del", name};
        }
    }
    return found;
}

inline std::string init_text(InitSystem::Kind kind, const ServiceDefinition& service) {
    if (kind == InitSystem::Kind::systemd) return unit_text(service);
    return kind == InitSystem::Kind::openrc ? openrc_text(service) : sysv_text(service);
}

// The absolute path of the program, with all symbolic links resolved.
inline std::string absolute_path(const std::string& program) {
    for (const char* path : {"/proc/self/exe", program.c_str()}) {
        std::string absolute = real_path(path);
        if (!absolute.empty()) return absolute;
    }
    return program;
}

inline Failure no_init_system(Stage stage, const std::string& name) {
    return posix_failure(stage, ENOSYS, name,
                         geteuid() == 0 ? "this system has neither systemd nor init scripts"
                                        : "without systemd, only root can change init scripts");
}

// True if the verb install wrote the file. A file of an administrator must not change.
inline bool is_installed(const InitSystem& init) {
    return init.kind != InitSystem::Kind::none && read_file(init.file).find(install_mark) != std::string::npos;
}

// Installs the service, or replaces an older installation. After a failure the former state is restored.
inline Failure install_service(ServiceDefinition service) {
    const InitSystem init = find_init_system(service.name);
    if (init.kind == InitSystem::Kind::none) return no_init_system(Stage::service_install, service.name);
    service.program = absolute_path(service.program);
    if (init.kind == InitSystem::Kind::systemd) {
        const std::string problem = unit_problem(service);
        if (!problem.empty()) return posix_failure(Stage::service_install, EINVAL, service.name, problem);
    }
    if (init.kind == InitSystem::Kind::systemd && geteuid() != 0) {
        const std::string directory = directory_of(init.file); // the StepError points into this string
        const StepError failed = make_directory(Stage::service_install, directory, Owner());
        if (failed) return to_failure(failed);
    }
    const bool is_update = is_installed(init);
    if (!is_update && exists(init.file.c_str())) {
        return posix_failure(Stage::service_install, EEXIST, service.name,
                             joined({init.file, " exists and was not written by the verb install"}));
    }
    const std::string before = read_file(init.file);
    if (Failure failure = replace_file(Stage::service_install, init.file, init.mode, init_text(init.kind, service)))
        return failure;
    Failure failure;
    for (const Command& command : init.enable) {
        if (!failure && !command.empty()) failure = run_command(Stage::service_install, service.name, command);
    }
    if (!failure) return failure;
    // The first failure is reported, so errors of the restoration are ignored.
    if (is_update) {
        static_cast<void>(replace_file(Stage::service_install, init.file, init.mode, before));
    } else {
        static_cast<void>(DAEMONIZE_SYSTEM(unlink)(init.file.c_str()));
    }
    return failure;
}

inline Failure uninstall_service(const ServiceDefinition& service) {
    const InitSystem init = find_init_system(service.name);
    if (init.kind == InitSystem::Kind::none) return no_init_system(Stage::service_uninstall, service.name);
    if (!is_installed(init)) {
        return posix_failure(Stage::service_open, ENOENT, service.name,
                             joined({"the verb install did not write ", init.file}));
    }
    if (!init.disable.empty()) {
        if (Failure failure = run_command(Stage::service_uninstall, service.name, init.disable)) return failure;
    }
    if (DAEMONIZE_SYSTEM(unlink)(init.file.c_str()) != 0) {
        return posix_failure(Stage::service_uninstall, errno, init.file);
    }
    if (init.kind != InitSystem::Kind::systemd) return Failure();
    return run_command(Stage::service_uninstall, service.name, init.enable[0]);
}

// True if systemd runs the service by a unit that the verb install wrote.
inline bool is_unit_installed(const ServiceDefinition& service) {
    const InitSystem init = find_init_system(service.name);
    return init.kind == InitSystem::Kind::systemd && is_installed(init);
}

// The arguments with which the installed unit starts the service.
inline std::vector<std::string> installed_arguments(const ServiceDefinition& service) {
    return arguments_of_unit(read_file(find_init_system(service.name).file));
}

} // namespace detail
} // namespace daemonize

#endif
