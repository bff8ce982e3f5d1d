// Options: the values that the setters of a Daemonizer stored (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_OPTION_VALUES_HPP
#define DAEMONIZE_POSIX_LAUNCH_OPTION_VALUES_HPP

#include "../../core/callback.hpp"
#include "../../core/duration.hpp"
#include "../../core/failure.hpp"
#include "../../core/list.hpp"
#include "../steps/capabilities.hpp"
#include "../steps/identity.hpp"
#include "../steps/limits.hpp"
#include "launch_types.hpp"

#include <optional>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace daemonize {
namespace detail {

// The argument of stdin_from(), stdout_to() or stderr_to().
struct StreamOption {
    enum class Kind { unset, keep, path, descriptor };
    Kind kind = Kind::unset;
    std::string path;
    int descriptor = -1;
};

// Stores unchecked values: Plan validates the options, and computes the values that the launch needs.
struct Options {
    std::string name;
    Fork fork = Fork::twice;
    bool setsid = true;
    bool keep_directory = false;
    std::optional<std::string> directory; // empty: "/", and in the foreground the launcher's
    std::optional<std::string> chroot;
    std::optional<mode_t> umask = mode_t{027}; // empty: the launcher's
    bool close_fds = true;
    List<int> kept_fds;
    StreamOption streams[3];
    bool show_stdout = false;
    Sigchld sigchld = Sigchld::default_action;
    std::optional<std::vector<std::string>> environment;
    List<LimitOption> limits;
    std::optional<std::string> runtime_directory;
    std::optional<std::string> state_directory;
    std::optional<std::string> log_directory;
    std::optional<std::string> pid_file;
    mode_t pid_file_mode = 0644;
    Callback<Failure()> bind; // binds a Service's sockets; runs before before_drop
    Callback<bool(std::string&)> before_drop;
    std::optional<AccountOption> user;
    std::optional<AccountOption> group;
    std::optional<CapabilityOption> capabilities;
    Duration timeout = Duration::seconds(30);
    bool foreground = false;
    bool no_new_privileges = false;
    bool wait = false; // the launcher waits for ready()
    bool allow_threads = false;
    bool leave_blocked = false; // keeps signals blocked after set-up, for a Service that handles them later
};

} // namespace detail
} // namespace daemonize

#endif
