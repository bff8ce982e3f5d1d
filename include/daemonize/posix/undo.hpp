// What a failed launch takes away again. Allocates nothing.
// Uses plan; launcher and the process between use it.
#ifndef DAEMONIZE_POSIX_UNDO_HPP
#define DAEMONIZE_POSIX_UNDO_HPP

#include "plan.hpp"

namespace daemonize {
namespace detail {

// Removes the pid file, which is locked still, and the directories that were not there before, if they are empty: what
// somebody has put there since is not ours to delete.
inline void undo_launch(const Plan& plan, const Descriptor& pid_file) noexcept {
    if (pid_file) remove_pid_file(pid_file.get(), plan.pid_file.path.c_str());
    for (std::size_t i = plan.to_unmake.size(); i-- > 0;) {
        static_cast<void>(DAEMONIZE_SYSTEM(rmdir)(plan.to_unmake[i].c_str()));
    }
}

} // namespace detail
} // namespace daemonize

#endif
