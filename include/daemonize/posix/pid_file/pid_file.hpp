// PidFile: a pid file that says, by its lock, who runs. Daemonizer keeps one for the daemon; a program that needs one
// by itself holds one of these.
// Uses pid_file_open, process_info and fork_guard; the launch uses it.
#ifndef DAEMONIZE_POSIX_PID_FILE_PID_FILE_HPP
#define DAEMONIZE_POSIX_PID_FILE_PID_FILE_HPP

#include "../system/fork_handlers.hpp"
#include "../system/proc.hpp"
#include "open.hpp"

#include <string>

namespace daemonize {

namespace detail {

// A pid file that this process holds. Forked workers lose it: a lock that outlives the daemon would refuse the next
// start, and a worker that returns from main would delete the live file.
struct HeldPidFile {
    ForkGuard file;
    std::string path;
    struct stat facts = {};
    pid_t owner = 0;
    HeldPidFile* next = nullptr;

    void remove() noexcept {
        if (file && owner == DAEMONIZE_SYSTEM(getpid)()) remove_pid_file(file.get(), facts, path.c_str());
    }
};

// All that this process holds. Its destructor runs when the process exits, after every handler that main registered:
// the file goes at the very end, and the lock with the process itself. It goes by a pointer: a program without a pid file
// has no code of one.
class HeldPidFiles {
  public:
    HeldPidFiles() noexcept = default;
    HeldPidFiles(const HeldPidFiles&) = delete;
    HeldPidFiles& operator=(const HeldPidFiles&) = delete;
    ~HeldPidFiles() {
        if (first_ != nullptr) remove_all_(first_);
    }

    void add(HeldPidFile* held) noexcept {
        held->next = first_;
        first_ = held;
        remove_all_ = remove_all;
    }

    void remove(HeldPidFile* held) noexcept {
        for (HeldPidFile** at = &first_; *at != nullptr; at = &(*at)->next) {
            if (*at != held) continue;
            *at = held->next;
            break;
        }
    }

    bool empty() const noexcept { return first_ == nullptr; }

    const HeldPidFile* find(const struct stat& facts) const noexcept {
        const HeldPidFile* held = first_;
        while (held != nullptr && !(held->file && is_same_file(held->facts, facts))) held = held->next;
        return held;
    }

  private:
    static void remove_all(HeldPidFile* first) noexcept {
        for (HeldPidFile* held = first; held != nullptr; held = held->next) held->remove();
    }

    HeldPidFile* first_ = nullptr;
    void (*remove_all_)(HeldPidFile*) noexcept = nullptr;
};

inline HeldPidFiles held_pid_files;

// Whether this process itself holds the file at `path`. To open it and to close it again would then give up the lock that
// names us.
inline bool is_held_here(const std::string& path) noexcept {
    struct stat facts;
    return !held_pid_files.empty() && DAEMONIZE_SYSTEM(lstat)(path.c_str(), &facts) == 0 &&
           held_pid_files.find(facts) != nullptr;
}

inline Failure open_others_pid_file(const std::string& path, const Owners& owners, OpenPidFile& locked) {
    if (!is_held_here(path)) return open_pid_file(path, owners, locked);
    return already_held(path, {LockHolder::State::running, DAEMONIZE_SYSTEM(getpid)(), true});
}

// In the process that is to hold it: claims a file that open_pid_file opened. `held` has its path already.
inline StepError hold_pid_file(HeldPidFile& held, OpenPidFile& opened) noexcept {
    if (const StepError failed = claim_pid_file(opened.get(), held.path.c_str())) return failed;
    held.facts = opened.facts;
    held.owner = DAEMONIZE_SYSTEM(getpid)();
    held.file.hold(std::move(opened.file));
    held_pid_files.add(&held);
    return StepError();
}

} // namespace detail

/// A pid file, held by this process: one line with its number, locked for as long as the object and the process live.
/// The lock counts, not the number: a stale file is no hindrance, and a worker that the process forks holds nothing.
/// Programs that are daemonized by Daemonizer::pid_file() need none of these.
///
/// The file is removed by the destructor, or when the process exits; emptied, where the process may not remove it.
/// Not for several threads at once. Source: fcntl(2), "Advisory record locking"; daemon(7).
class PidFile {
  public:
    /// Who holds a pid file.
    struct Holder {
        bool running = false;
        pid_t pid = 0; ///< 0 where none runs, or where the kernel can't name it: a start in progress, another namespace
    };

    PidFile() noexcept = default;
    PidFile(PidFile&& other) noexcept : held_(other.held_) { other.held_ = nullptr; }
    PidFile& operator=(PidFile&& other) noexcept {
        release();
        held_ = std::exchange(other.held_, nullptr);
        return *this;
    }
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;
    ~PidFile() { release(); }

    /// Opens, locks and writes the file. Refuses a directory or a file that other users can write, a symbolic link, and
    /// all that is no regular file. Fails at Stage::pid_file_open, pid_file_lock (another process holds it: the message
    /// says which) and pid_file_write. The result is empty where it failed.
    static PidFile acquire(const std::string& path, Failure& failure) noexcept {
        PidFile result;
        failure = Failure();
        if (path.empty()) {
            failure = detail::posix_failure(Stage::pid_file_open, ENOENT, "", "the path is empty");
            return result;
        }
        if (const int error = detail::ForkGuard::prepare()) {
            failure = detail::posix_failure(Stage::pid_file_open, error, path);
            return result;
        }
        detail::OpenPidFile file;
        failure = detail::open_others_pid_file(path, detail::Owners(), file);
        if (failure) return result;
        result.held_ = new detail::HeldPidFile;
        result.held_->path = path;
        failure = detail::to_failure(detail::hold_pid_file(*result.held_, file));
        if (failure) {
            detail::remove_pid_file(file.get(), file.facts, path.c_str());
            result.release();
        }
        return result;
    }

    /// Who holds the file at `path`, by the kernel's word. Takes no lock, so that it disturbs no start; a file that is
    /// not there is held by nobody.
    static Holder holder(const std::string& path, Failure& failure) noexcept {
        failure = Failure();
        if (detail::is_held_here(path)) return {true, DAEMONIZE_SYSTEM(getpid)()};
        detail::LockHolder holder;
        // A stop that takes a dead daemon's file away holds its lock for an instant, and is no daemon.
        for (int round = 0; round < 100; ++round) {
            detail::Descriptor file;
            struct stat facts;
            if (!detail::open_to_ask(path, file, facts, failure) || !file) return {};
            if (!detail::ask_holder(file.get(), holder)) {
                failure = detail::posix_failure(Stage::pid_file_open, errno, path);
                return {};
            }
            if (!detail::may_be_removal(holder) || detail::holds_lock(holder.pid, facts) == detail::Answer::yes) break;
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1)); // to be cut short does no harm
        }
        if (holder.state == detail::LockHolder::State::running) return {true, holder.pid};
        return {holder.state == detail::LockHolder::State::starting, 0};
    }

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; throws Error.
    static PidFile acquire(const std::string& path) {
        Failure failure;
        PidFile result = acquire(path, failure);
        if (failure) throw Error(std::move(failure));
        return result;
    }

    /// As above; throws Error.
    static Holder holder(const std::string& path) {
        Failure failure;
        const Holder result = holder(path, failure);
        if (failure) throw Error(std::move(failure));
        return result;
    }
#endif

    explicit operator bool() const noexcept { return held_ != nullptr; }

    /// Removes the file and gives up the lock. In a forked child it does nothing: the parent holds it.
    void release() noexcept {
        if (held_ == nullptr) return;
        held_->remove();
        detail::held_pid_files.remove(held_);
        delete held_;
        held_ = nullptr;
    }

  private:
    detail::HeldPidFile* held_ = nullptr;
};

} // namespace daemonize

#endif
