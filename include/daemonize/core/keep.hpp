// keep: the argument that leaves a property as the launcher has it (public).
#ifndef DAEMONIZE_CORE_KEEP_HPP
#define DAEMONIZE_CORE_KEEP_HPP

namespace daemonize {

/// The type of `keep`.
struct Keep {};

/// Leaves a property as the launcher has it: `chdir(daemonize::keep)`.
inline constexpr Keep keep{};

} // namespace daemonize

#endif
