// Environment: the daemon's environment, with the variables that hold the PID of a process (internal).
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
#include <vector>

// POSIX lets each program declare environ. macOS defines it in programs, not in shared libraries.
extern char** environ;

namespace daemonize {
namespace detail {

// The constructor runs before the fork; install() writes the daemon's PID.
class Environment {
  public:
    // Keeps the variables of `names`; every variable if `names` is null.
    explicit Environment(const std::vector<std::string>* names) {
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            if (names == nullptr || is_named(*names, *entry)) entries_.push_back(*entry);
        }
        // LISTEN_PID and WATCHDOG_PID name the launcher; the daemon reads them and compares them with its own PID.
        Activation activation;
        if (is_activated(activation)) {
            follow("LISTEN_PID=", listen_pid_);
            drop("LISTEN_PIDFDID="); // optional, and unknown for the daemon before the fork
        }
        follow("WATCHDOG_PID=", watchdog_pid_);
        is_changed_ = names != nullptr || listen_pid_[0] != '\0' || watchdog_pid_[0] != '\0';
        entries_.push_back(nullptr);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    // Replaces this process's environment. Allocates nothing. The object must live as long as the process.
    void install() noexcept {
        if (!is_changed_) return;
        const pid_t self = DAEMONIZE_SYSTEM(getpid)();
        write_number(listen_pid_, self);
        write_number(watchdog_pid_, self);
        environ = entries_.data();
    }

  private:
    using Entry = char[40];

    static bool is_named(const std::vector<std::string>& names, const char* entry) noexcept {
        for (const std::string& name : names) {
            if (std::strncmp(entry, name.c_str(), name.size()) == 0 && entry[name.size()] == '=') return true;
        }
        return false;
    }

    // Points the variable to `own` if its value is this process's PID.
    void follow(const char* prefix, Entry& own) noexcept {
        const std::size_t size = std::strlen(prefix);
        for (char*& entry : entries_) {
            if (std::strncmp(entry, prefix, size) != 0) continue;
            if (parse_pid(entry + size, std::strlen(entry + size)) != DAEMONIZE_SYSTEM(getpid)()) continue;
            std::memcpy(own, prefix, size + 1);
            entry = own;
        }
    }

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
