// What a failed launch takes away again. Allocates nothing.
// Uses plan; launcher and the process between use it.
#ifndef DAEMONIZE_POSIX_UNDO_HPP
#define DAEMONIZE_POSIX_UNDO_HPP

#include "plan.hpp"

#include <cstring>

namespace daemonize {
namespace detail {

// Removes a log that was not there before the launch, if nothing was written to it: the daemon's own words stay. By way of
// its directory's descriptor, and only a file of the user's: whom a link that the user left on the way leads elsewhere,
// removes nothing that the user could not.
DAEMONIZE_COLD inline void remove_empty_log(const std::string& path, uid_t owner) noexcept {
    char directory[4096] = "/";
    const std::size_t slash = path.rfind('/');
    if (slash >= sizeof directory) return;
    if (slash != 0) std::memcpy(directory, path.data(), slash);
    const char* name = path.c_str() + slash + 1;
    const Descriptor folder(
        retry([&] { return DAEMONIZE_SYSTEM(open)(directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC); }));
    struct stat facts;
    if (!folder || DAEMONIZE_SYSTEM(fstatat)(folder.get(), name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(facts.st_mode) || facts.st_size != 0 || facts.st_nlink != 1 || facts.st_uid != owner) return;
    static_cast<void>(DAEMONIZE_SYSTEM(unlinkat)(folder.get(), name, 0));
}

// Removes the pid file, which is locked still, and these directories, if they are empty: what somebody has put there since
// is not ours to delete.
DAEMONIZE_COLD inline void undo_launch(const Plan& plan, const OpenPidFile& pid_file,
                                       const std::vector<std::string>& directories) noexcept {
    if (pid_file) remove_pid_file(pid_file.get(), pid_file.facts, plan.pid_file.path.c_str());
    for (std::size_t i = directories.size(); i-- > 0;) {
        static_cast<void>(DAEMONIZE_SYSTEM(rmdir)(directories[i].c_str()));
    }
}

// The same of a launch that had forked: all that it was to make may be there.
DAEMONIZE_COLD inline void undo_all(const Plan& plan, const OpenPidFile& pid_file) noexcept {
    const uid_t owner = plan.identity.changes_user ? plan.identity.uid : geteuid();
    for (const std::string& path : plan.missing_logs) remove_empty_log(path, owner);
    undo_launch(plan, pid_file, plan.missing);
}

} // namespace detail
} // namespace daemonize

#endif
