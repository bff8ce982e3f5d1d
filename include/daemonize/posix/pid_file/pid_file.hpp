// PidFile: a pid file whose lock says which process runs; for programs that are no daemons (public).
#ifndef DAEMONIZE_POSIX_PID_FILE_PID_FILE_HPP
#define DAEMONIZE_POSIX_PID_FILE_PID_FILE_HPP

#include "../system/proc.hpp"
#include "held_files.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace daemonize {

/// A pid file that this process holds: one line with its number, locked while the object and the process live. Only the
/// lock counts, not the number: a stale file does not refuse a start, and a forked worker holds no lock. A program that
/// calls Daemonizer::pid_file() needs no PidFile.
///
/// The destructor, or the exit of the process, removes the file. If the process may not remove the file, the destructor
/// empties the file. Not for use by several threads at once. Sources: fcntl(2), "Advisory record locking"; daemon(7).
class [[nodiscard]] PidFile {
  public:
    /// The holder of a pid file.
    struct Holder {
        bool running = false;
        /// 0 if no process holds the file, and if the kernel cannot name the process: a start in progress, or a process
        /// of another pid namespace.
        pid_t pid = 0;
    };

    /// Holds no file.
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

    /// Opens, locks and writes the file, with mode 0644. Refuses a directory or a file that other users can write, a
    /// symbolic link, and a file that is not regular. Fails at Stage::pid_file_open, at Stage::pid_file_lock (another
    /// process holds the file; the message names the process) and at Stage::pid_file_write. The result is empty on
    /// failure.
    [[nodiscard]] static PidFile acquire(const std::string& path, Failure& failure) noexcept {
        return acquire(path, detail::default_pid_file_mode, failure);
    }

    /// As above, with a mode: 0600, 0640, 0604 or 0644, whatever the umask. A user who cannot read the file cannot ask
    /// for its holder. Another mode fails at Stage::pid_file_open with EINVAL.
    [[nodiscard]] static PidFile acquire(const std::string& path, mode_t mode, Failure& failure) noexcept {
        failure = Failure();
        return detail::guard_memory(Stage::pid_file_open, failure, [&] { return open(path, mode, failure); });
    }

    /// Returns the holder of the file at `path`, by the kernel's locks. Takes no lock, so no start is disturbed. A
    /// missing file has no holder. Fails at Stage::pid_file_open.
    [[nodiscard]] static Holder holder(const std::string& path, Failure& failure) noexcept {
        failure = Failure();
        return detail::guard_memory(Stage::pid_file_open, failure, [&] { return ask(path, failure); });
    }

    /// A path is no null pointer.
    template <class... Others>
    static PidFile acquire(std::nullptr_t, Others&&...) = delete;
    template <class... Others>
    static Holder holder(std::nullptr_t, Others&&...) = delete;

#if DAEMONIZE_HAS_EXCEPTIONS()
    /// As above; these throw Error.
    [[nodiscard]] static PidFile acquire(const std::string& path, mode_t mode = detail::default_pid_file_mode) {
        Failure failure;
        PidFile result = acquire(path, mode, failure);
        detail::throw_if(failure);
        return result;
    }
    [[nodiscard]] static Holder holder(const std::string& path) {
        Failure failure;
        const Holder result = holder(path, failure);
        detail::throw_if(failure);
        return result;
    }
#endif

    /// Whether the object holds a file.
    explicit operator bool() const noexcept { return held_ != nullptr; }

    /// Removes the file and gives up the lock. Does nothing in a forked child, whose parent holds the file.
    void release() noexcept {
        if (held_ == nullptr) return;
        held_->remove();
        detail::HeldPidFiles::remove(held_);
        delete held_;
        held_ = nullptr;
    }

  private:
    static PidFile open(const std::string& path, mode_t mode, Failure& failure) {
        if (path.empty()) {
            failure = detail::posix_failure(Stage::pid_file_open, ENOENT, "", "the path is empty");
            return PidFile();
        }
        failure = detail::check_pid_file_mode(path, mode);
        if (failure) return PidFile();
        if (const int error = detail::ForkGuard::prepare()) {
            failure = detail::posix_failure(Stage::pid_file_open, error, path);
            return PidFile();
        }
        // The allocation comes before the file is made: a failed allocation must not leave the file.
        PidFile result;
        result.held_ = new detail::HeldPidFile;
        result.held_->path = path;
        detail::OpenPidFile file;
        failure = detail::open_others_pid_file(path, mode, detail::Owners(), file);
        if (failure) return PidFile();
        failure = detail::to_failure(detail::hold_pid_file(*result.held_, file));
        if (failure) {
            detail::remove_pid_file(file.get(), file.info, path.c_str());
            result.release();
        }
        return result;
    }

    static Holder ask(const std::string& path, Failure& failure) {
        if (detail::is_held_by_process(path)) return {true, DAEMONIZE_SYSTEM(getpid)()};
        detail::LockHolder holder;
        // Instance::stop() locks a dead daemon's file for an instant while it removes the file.
        for (int round = 0; round < 100; ++round) {
            detail::OpenPidFile file;
            if (!detail::open_to_ask(path, O_RDONLY, file, failure) || !file) return Holder();
            if (!detail::ask_holder(file.get(), holder)) {
                failure = detail::posix_failure(Stage::pid_file_open, errno, path);
                return Holder();
            }
            if (!detail::may_be_removal(holder) || detail::holds_lock(holder.pid, file.info) == detail::Answer::yes)
                break;
            static_cast<void>(DAEMONIZE_SYSTEM(poll)(nullptr, 0, 1)); // EINTR does no harm
        }
        if (holder.state == detail::LockHolder::State::running) return {true, holder.pid};
        return {holder.state == detail::LockHolder::State::starting, 0};
    }

    detail::HeldPidFile* held_ = nullptr;
};

} // namespace daemonize

#endif
