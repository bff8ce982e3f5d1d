// The daemon's environment, made before the fork: what is kept of it, and the variables that name a process by number.
// Uses activation; the launch uses it.
#ifndef DAEMONIZE_POSIX_STEPS_ENVIRONMENT_HPP
#define DAEMONIZE_POSIX_STEPS_ENVIRONMENT_HPP

#include "../../core/list.hpp"
#include "../../core/number.hpp"
#include "../sockets/listen_environment.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <sys/types.h>
#include <unistd.h>

// POSIX has programs declare it; macOS gives it to programs only, not to shared libraries.
extern char** environ;

namespace daemonize {
namespace detail {

// An environment of the daemon's own, complete before the fork but for the daemon's number.
class Environment {
  public:
    // `names`: what to keep; all, where it is null.
    explicit Environment(const List<std::string>* names) {
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            if (names == nullptr || is_named(*names, *entry)) entries_.push_back(*entry);
        }
        // The descriptors and the watchdog were meant for us; the daemon has another number, and must find it there.
        Activation activation;
        if (is_activated(activation)) {
            follow("LISTEN_PID=", listen_pid_);
            drop("LISTEN_PIDFDID=");
        }
        follow("WATCHDOG_PID=", watchdog_pid_);
        is_changed_ = names != nullptr || listen_pid_[0] != '\0' || watchdog_pid_[0] != '\0';
        entries_.push_back(nullptr);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    // Makes it this process's. Allocates nothing. It must live as long as the process.
    void install() noexcept {
        if (!is_changed_) return;
        const pid_t self = DAEMONIZE_SYSTEM(getpid)();
        write_number(listen_pid_, self);
        write_number(watchdog_pid_, self);
        environ = entries_.data();
    }

  private:
    using Entry = char[40];

    static bool is_named(const List<std::string>& names, const char* entry) noexcept {
        for (const std::string& name : names) {
            if (std::strncmp(entry, name.c_str(), name.size()) == 0 && entry[name.size()] == '=') return true;
        }
        return false;
    }

    // Does nothing where the variable is not set, or names another process.
    void follow(const char* prefix, Entry& own) noexcept {
        const std::size_t size = std::strlen(prefix);
        for (char*& entry : entries_) {
            if (std::strncmp(entry, prefix, size) != 0) continue;
            if (parse_pid(entry + size, std::strlen(entry + size)) != DAEMONIZE_SYSTEM(getpid)()) continue;
            std::memcpy(own, prefix, size + 1);
            entry = own;
        }
    }

    // The daemon's own is not known before the fork, and one that is not there is not asked for.
    void drop(const char* prefix) {
        for (std::size_t i = entries_.size(); i-- > 0;) {
            if (std::strncmp(entries_[i], prefix, std::strlen(prefix)) != 0) continue;
            entries_.erase(i);
        }
    }

    static void write_number(Entry& entry, pid_t self) noexcept {
        char* value = std::strchr(entry, '=');
        if (value == nullptr) return;
        char digits[21];
        const std::size_t size = format_number(static_cast<std::uint64_t>(self), digits);
        std::memcpy(value + 1, digits, size + 1);
    }

    List<char*> entries_;
    Entry listen_pid_ = "";
    Entry watchdog_pid_ = "";
    bool is_changed_ = false;
};

} // namespace detail
} // namespace daemonize

#endif
