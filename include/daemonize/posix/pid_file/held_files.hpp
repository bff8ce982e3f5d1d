// The pid files that this process holds: from the write of the number to the exit (internal).
#ifndef DAEMONIZE_POSIX_PID_FILE_HELD_FILES_HPP
#define DAEMONIZE_POSIX_PID_FILE_HELD_FILES_HPP

#include "../system/fork_handlers.hpp"
#include "open.hpp"
#include "write.hpp"

#include <string>

namespace daemonize {
namespace detail {

// A pid file that this process holds. A forked worker holds nothing: a lock that outlives the daemon would refuse the
// next start, and a worker that returns from main would remove the daemon's file.
struct HeldPidFile {
    ForkGuard file;
    std::string path;
    struct stat info = {};
    pid_t owner = 0;
    HeldPidFile* next = nullptr;
    HeldPidFile** place = nullptr; // the pointer of the list to this object

    void remove() noexcept {
        if (file && owner == DAEMONIZE_SYSTEM(getpid)()) remove_pid_file(file.get(), info, path.c_str());
    }
};

// Every pid file that this process holds. The destructor runs at exit(3), after every handler that main registered, and
// removes the files; the locks end with the process.
class HeldPidFiles {
  public:
    HeldPidFiles() noexcept = default;
    HeldPidFiles(const HeldPidFiles&) = delete;
    HeldPidFiles& operator=(const HeldPidFiles&) = delete;
    ~HeldPidFiles() {
        for (HeldPidFile* held = first_; held != nullptr; held = held->next) held->remove();
    }

    void add(HeldPidFile* held) noexcept {
        held->next = first_;
        held->place = &first_;
        if (first_ != nullptr) first_->place = &held->next;
        first_ = held;
    }

    // The file may be on the list of another copy of the library.
    static void remove(HeldPidFile* held) noexcept {
        if (held->place == nullptr) return;
        *held->place = held->next;
        if (held->next != nullptr) held->next->place = held->place;
        held->place = nullptr;
    }

    bool empty() const noexcept { return first_ == nullptr; }

    const HeldPidFile* find(const struct stat& info) const noexcept {
        const HeldPidFile* held = first_;
        while (held != nullptr && !(held->file && is_same_file(held->info, info))) held = held->next;
        return held;
    }

  private:
    HeldPidFile* first_ = nullptr;
};

DAEMONIZE_SHARED inline HeldPidFiles held_pid_files;

// Whether this process holds the file at `path`. The caller must not open and close such a file: the close(2) would end
// the POSIX lock that names this process.
inline bool is_held_here(const std::string& path) noexcept {
    struct stat info;
    return !held_pid_files.empty() && DAEMONIZE_SYSTEM(lstat)(path.c_str(), &info) == 0 &&
           held_pid_files.find(info) != nullptr;
}

// As is_held_here(), and also for a file that another copy of the library in this process holds.
inline bool is_held_by_process(const std::string& path) { return is_held_here(path) || is_held_by_other_copy(path); }

// As open_pid_file(), and refuses a file that this process holds.
inline Failure open_others_pid_file(const std::string& path, mode_t mode, const Owners& owners, OpenPidFile& locked) {
    if (!is_held_here(path)) return open_pid_file(path, mode, owners, locked);
    return already_held(path, {LockHolder::State::running, DAEMONIZE_SYSTEM(getpid)(), true});
}

// Writes the number to a file that open_pid_file() opened, in the process that is to hold the file. The caller has set
// held.path.
inline StepError hold_pid_file(HeldPidFile& held, OpenPidFile& opened) noexcept {
    if (const StepError failed = write_pid_file(opened.get(), held.path.c_str())) return failed;
    held.info = opened.info;
    held.owner = DAEMONIZE_SYSTEM(getpid)();
    held.file.hold(std::move(opened.file));
    held_pid_files.add(&held);
    return StepError();
}

} // namespace detail
} // namespace daemonize

#endif
