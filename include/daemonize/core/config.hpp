// The macros: version, features of the compiler and the system, and the seam for system calls (public).
#ifndef DAEMONIZE_CORE_CONFIG_HPP
#define DAEMONIZE_CORE_CONFIG_HPP

#define DAEMONIZE_VERSION_MAJOR 0
#define DAEMONIZE_VERSION_MINOR 1
#define DAEMONIZE_VERSION_PATCH 0

// Function-like macros: a misspelt name is a compile error. A misspelt object-like macro would silently be 0.
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

#define DAEMONIZE_QUOTE(text) #text
#define DAEMONIZE_QUOTE_VALUE(macro) DAEMONIZE_QUOTE(macro)

// Marks a variable, function or class that the modules of a process share. The linker then merges the copies, also
// under -fvisibility=hidden. The tag keeps two versions of the library apart: their layouts may differ. On Windows each
// DLL has a copy.
#if DAEMONIZE_ON_WINDOWS()
#define DAEMONIZE_SHARED
#else
#define DAEMONIZE_SHARED                                                                                               \
    __attribute__((visibility("default"),                                                                              \
                   abi_tag("v" DAEMONIZE_QUOTE_VALUE(DAEMONIZE_VERSION_MAJOR) "_" DAEMONIZE_QUOTE_VALUE(               \
                       DAEMONIZE_VERSION_MINOR) "_" DAEMONIZE_QUOTE_VALUE(DAEMONIZE_VERSION_PATCH))))
#endif

/// The seam: the library writes every system call as `DAEMONIZE_SYSTEM(open)(path, flags)`. Only tests define this
/// macro, before the include, to make a call fail, transfer less, or be interrupted.
#if !defined(DAEMONIZE_SYSTEM)
#define DAEMONIZE_SYSTEM(call) ::call
#endif

#endif
