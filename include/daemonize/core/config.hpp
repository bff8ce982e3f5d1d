// The version, what this compiler and system offer, and the one seam through which every system call goes.
// Uses nothing; everything else may use it.
#ifndef DAEMONIZE_CORE_CONFIG_HPP
#define DAEMONIZE_CORE_CONFIG_HPP

#define DAEMONIZE_VERSION_MAJOR 0
#define DAEMONIZE_VERSION_MINOR 1
#define DAEMONIZE_VERSION_PATCH 0

// Function-like, so that a misspelt feature is a compile error and not a silent 0.
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

/// The seam: every system call of the library is written `DAEMONIZE_SYSTEM(open)(path, flags)`. A test defines it
/// before the include, and so makes any call fail, fall short or be interrupted; nobody else needs it.
#if !defined(DAEMONIZE_SYSTEM)
#define DAEMONIZE_SYSTEM(call) ::call
#endif

#endif
