// The macros: version, features of the compiler and the system, and the seam for system calls (public).
#ifndef DAEMONIZE_CORE_CONFIG_HPP
#define DAEMONIZE_CORE_CONFIG_HPP

#define DAEMONIZE_VERSION_MAJOR 0
#define DAEMONIZE_VERSION_MINOR 1
#define DAEMONIZE_VERSION_PATCH 0

// Function-like macros: a misspelt name is a compile error, and not a silent 0.
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define DAEMONIZE_HAS_EXCEPTIONS() 1
#else
#define DAEMONIZE_HAS_EXCEPTIONS() 0
#endif

#if defined(_WIN32)
#define DAEMONIZE_ON_WINDOWS() 1
#else
#define DAEMONIZE_ON_WINDOWS() 0
#endif

#if defined(__linux__)
#define DAEMONIZE_ON_LINUX() 1
#else
#define DAEMONIZE_ON_LINUX() 0
#endif

/// The seam: the library writes every system call as `DAEMONIZE_SYSTEM(open)(path, flags)`. Only tests define this
/// macro, before the include, to make a call fail, transfer less, or be interrupted.
#if !defined(DAEMONIZE_SYSTEM)
#define DAEMONIZE_SYSTEM(call) ::call
#endif

#endif
