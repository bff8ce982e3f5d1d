// What a failed launch takes away again. Allocates nothing.
// Uses plan; launcher and the process between use it.
#ifndef DAEMONIZE_POSIX_UNDO_HPP
#define DAEMONIZE_POSIX_UNDO_HPP

#include "plan.hpp"

namespace daemonize {
namespace detail {

// Removes the pid file, which is locked still, and these directories, if they are empty: what somebody has put there since
// is not ours to delete.
inline void undo_launch(const Plan& plan, const OpenPidFile& pid_file,
                        const std::vector<std::string>& directories) noexcept {
    if (pid_file) remove_pid_file(pid_file.get(), pid_file.facts, plan.pid_file.path.c_str());
    for (std::size_t i = directories.size(); i-- > 0;) {
        static_cast<void>(DAEMONIZE_SYSTEM(rmdir)(directories[i].c_str()));
    }
}

} // namespace detail
} // namespace daemonize

#endif
