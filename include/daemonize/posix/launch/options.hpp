// Options: what was asked of a Daemonizer, word for word. Setters only store; plan.hpp checks and prepares.
// Uses fault; the launch uses it.
#ifndef DAEMONIZE_POSIX_LAUNCH_OPTIONS_HPP
#define DAEMONIZE_POSIX_LAUNCH_OPTIONS_HPP

#include "../../core/callback.hpp"
#include "../../core/duration.hpp"
#include "../../core/failure.hpp"
#include "../../core/list.hpp"
#include "../system/step_error.hpp"

#include <string>
#include <sys/resource.h>
#include <sys/stat.h>

namespace daemonize {

class Launch;

/// How often a launch forks.
enum class Fork {
    twice, ///< the daemon is no session leader, and can never gain a controlling terminal: daemon(7)
    once ///< the daemon leads its session (PID, PGID and SID are one), and stays the child of a launcher that lives on
};

/// What becomes of the daemon's ended children.
enum class Sigchld {
    default_action, ///< they wait to be reaped, also where the launcher was started with SIGCHLD ignored
    ignore,         ///< the kernel reaps them; then waitpid(2) fails with ECHILD, in system(3) and in libraries too
    keep            ///< as the launcher has it
};

/// Leaves a thing as the launcher has it: `chdir(daemonize::keep)`.
struct Keep {};
// Behind Sigchld, whose enumerator of that name g++ would say shadows it.
inline constexpr Keep keep{};

namespace detail {

// A value that may not have been asked for.
template <class Value>
struct Asked {
    bool asked = false;
    Value value = Value();

    explicit operator bool() const noexcept { return asked; }
    void set(Value given) {
        asked = true;
        value = std::move(given);
    }
};

// Where a standard stream comes from, or goes to.
struct StreamOption {
    enum class Kind { unasked, kept, path, descriptor };
    Kind kind = Kind::unasked;
    std::string path;
    int descriptor = -1;
};

#if defined(__GLIBC__)
using RlimitResource = __rlimit_resource_t;
#else
using RlimitResource = int;
#endif

struct LimitOption {
    RlimitResource resource;
    rlim_t soft;
    rlim_t hard;
};

struct Plan;
struct Options;
struct Owner;
struct Identity;
struct Owners;
struct OpenPidFile;
struct HeldPidFile;
struct LaunchState;
struct DaemonState;
class OwnedPlan;

// What a launch does for some of the options alone; see parts.hpp.
struct DirectoriesPart {
    void (*find)(Plan&, const Options&);
    StepError (*make)(Stage, const std::string& path, const Owner&, List<std::string>* made) noexcept;
    StepError (*make_inside)(const Plan&) noexcept;
};
struct LimitsPart {
    void (*check)(Plan&, const Options&);
    StepError (*set)(const Options&) noexcept;
};
struct ForegroundPart {
    Launch (*launch)(OwnedPlan&, const Options&, LaunchState&, DaemonState&);
    StepError (*start_rollback_helper)(const Plan&, LaunchState&) noexcept;
};
struct IdentityPart {
    void (*find)(Plan&, const Options&);
    StepError (*take_groups)(Identity&) noexcept;
    StepError (*become_user)(const Identity&) noexcept;
};
struct PidFilePart {
    void (*check)(Plan&);
    Failure (*open)(const std::string& path, const Owners&, OpenPidFile& locked);
    StepError (*hold)(HeldPidFile&, OpenPidFile&) noexcept;
};

struct Options {
    std::string name;
    Fork fork = Fork::twice;
    bool setsid = true;
    bool keep_directory = false;
    std::string directory = "/";
    Asked<std::string> chroot;
    bool keep_umask = false;
    mode_t umask = 027;
    bool close_fds = true;
    List<int> kept_fds;
    StreamOption streams[3];
    Sigchld sigchld = Sigchld::default_action;
    Asked<List<std::string>> environment;
    List<LimitOption> limits;
    Asked<std::string> runtime_directory;
    Asked<std::string> state_directory;
    Asked<std::string> log_directory;
    Asked<std::string> pid_file;
    Callback<Failure()> bind; // a Service's sockets, ahead of the application's own step
    Callback<bool(std::string&)> before_drop;
    Asked<std::string> user;
    Asked<std::string> group;
    Duration timeout = Duration::seconds(30);
    const DirectoriesPart* directories = nullptr; // each is there where one of its options is asked for
    const IdentityPart* identity = nullptr;
    const PidFilePart* pid_file_part = nullptr;
    const LimitsPart* limits_part = nullptr;
    const ForegroundPart* foreground = nullptr;
    StepError (*call_before_drop)(Plan&, const Options&) = nullptr; // with either of the two
    bool no_new_privileges = false;
    bool wait = false;
    bool allow_threads = false;
    bool leave_blocked = false; // signals, for a Service that takes them over before any can end it
};

} // namespace detail
} // namespace daemonize

#endif
