// What a failed launch takes away again. Allocates nothing.
// Uses plan and quiet_socket; set_up, launcher and the process between use it.
#ifndef DAEMONIZE_POSIX_LAUNCH_ROLLBACK_HPP
#define DAEMONIZE_POSIX_LAUNCH_ROLLBACK_HPP

#include "../system/pipes.hpp"
#include "plan.hpp"

#include <cstring>
#include <sys/wait.h>

namespace daemonize {
namespace detail {

#if DAEMONIZE_ON_LINUX()

// Whether another process has this file of a directory open: the kernel gives nobody a lease on one that is. fcntl(2).
inline bool is_open_elsewhere(int folder, const char* name) noexcept {
    constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const Descriptor file(retry([&] { return DAEMONIZE_SYSTEM(openat)(folder, name, flags); }));
    return file && DAEMONIZE_SYSTEM(fcntl)(file.get(), F_SETLEASE, F_WRLCK) != 0 && errno == EAGAIN;
}

#else

inline bool is_open_elsewhere(int, const char*) noexcept { return false; }

#endif

// Removes a log that was not there before the launch, if nothing was written to it, and no other daemon is about to: the
// daemon's own words stay. By way of its directory's descriptor, and only a file of the user's: whom a link that the user
// left on the way leads elsewhere, removes nothing that the user could not.
inline void remove_empty_log(const std::string& path, uid_t owner, bool is_open_here) noexcept {
    char directory[4096] = "/";
    const std::size_t slash = path.rfind('/');
    if (slash >= sizeof directory) return;
    std::memcpy(directory, path.data(), slash); // nothing of "/log", whose directory stands there already
    const char* name = path.c_str() + slash + 1;
    const Descriptor folder = open_file(directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    struct stat facts;
    if (!folder || DAEMONIZE_SYSTEM(fstatat)(folder.get(), name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(facts.st_mode) || facts.st_size != 0 || facts.st_nlink != 1 || facts.st_uid != owner) return;
    if (!is_open_here && is_open_elsewhere(folder.get(), name)) return;
    static_cast<void>(DAEMONIZE_SYSTEM(unlinkat)(folder.get(), name, 0));
}

// Removes the pid file, which is locked still, and these directories, if they are empty: what somebody has put there since
// is not ours to delete.
inline void roll_back_launch(const Plan& plan, const OpenPidFile& pid_file,
                             const List<std::string>& directories) noexcept {
    if (pid_file) remove_pid_file(pid_file.get(), pid_file.info, plan.pid_file.path.c_str());
    for (std::size_t i = directories.size(); i-- > 0;) {
        static_cast<void>(DAEMONIZE_SYSTEM(rmdir)(directories[i].c_str()));
    }
}

// The same of a launch that had come to its steps: all that it was to make may be there. In the foreground the logs may be
// open here.
inline void roll_back_all(const Plan& plan, const OpenPidFile& pid_file, bool is_foreground) noexcept {
    const uid_t owner = plan.identity.changes_user ? plan.identity.uid : geteuid();
    for (const std::string& path : plan.missing_logs) remove_empty_log(path, owner, is_foreground);
    roll_back_launch(plan, pid_file, plan.missing);
}

// In the foreground nobody stays behind who could undo a launch that fails once this process has entered a new root, where
// every path means something else, or is another user. So a child does, which stays as the process was. It waits for our
// word, and leaves without one when we are gone.
class RollbackHelper {
  public:
    RollbackHelper() noexcept = default;
    RollbackHelper(const RollbackHelper&) = delete;
    RollbackHelper& operator=(const RollbackHelper&) = delete;

    // Once this process holds its pid file.
    StepError start(const Plan& plan) noexcept {
        Descriptor theirs;
        if (!make_socket_pair(theirs, ours_)) return step_error(Stage::channel, errno);
        child_ = DAEMONIZE_SYSTEM(fork)();
        if (child_ < 0) return step_error(Stage::fork, errno);
        if (child_ > 0) return StepError();
        ours_.reset();
        char word;
        if (retry([&] { return DAEMONIZE_SYSTEM(recv)(theirs.get(), &word, 1, 0); }) == 1) undo_held(plan);
        DAEMONIZE_SYSTEM(_exit)(0);
    }

    // False where none was started, or is left: then this process itself does what it can.
    bool undo() noexcept {
        const bool is_told = child_ > 0 && DAEMONIZE_SYSTEM(send)(ours_.get(), "", 1, no_sigpipe) == 1;
        finish();
        return is_told;
    }

    // Both, as either may fail: a child of another thread's may have a copy of our end, which keeps it open.
    void finish() noexcept {
        if (child_ <= 0) return;
        static_cast<void>(DAEMONIZE_SYSTEM(shutdown)(ours_.get(), SHUT_WR));
        ours_.reset();
        retry([&] { return DAEMONIZE_SYSTEM(waitpid)(child_, nullptr, 0); });
    }

  private:
    // The lock is the parent's, which waits; a forked child has no descriptor of the file.
    static void undo_held(const Plan& plan) noexcept {
        const HeldPidFile& held = plan.pid_file;
        if (held.owner != 0 && leads_to(held.path.c_str(), held.info)) {
            static_cast<void>(DAEMONIZE_SYSTEM(unlink)(held.path.c_str()));
        }
        roll_back_all(plan, OpenPidFile(), true);
    }

    Descriptor ours_;
    pid_t child_ = -1;
};

} // namespace detail
} // namespace daemonize

#endif
