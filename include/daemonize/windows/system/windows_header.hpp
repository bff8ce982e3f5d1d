// Includes <windows.h> with WIN32_LEAN_AND_MEAN and NOMINMAX, and leaves both macros as they were (internal).
#ifndef DAEMONIZE_WINDOWS_SYSTEM_WINDOWS_HEADER_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_WINDOWS_HEADER_HPP

// Asio refuses a <windows.h> that included the old <winsock.h>. The macros min and max break std::min and std::max.
#if !defined(WIN32_LEAN_AND_MEAN)
#define WIN32_LEAN_AND_MEAN
#define DAEMONIZE_UNDEF_LEAN_AND_MEAN
#endif
#if !defined(NOMINMAX)
#define NOMINMAX
#define DAEMONIZE_UNDEF_NOMINMAX
#endif

#include <windows.h>

#if defined(DAEMONIZE_UNDEF_LEAN_AND_MEAN)
#undef WIN32_LEAN_AND_MEAN
#undef DAEMONIZE_UNDEF_LEAN_AND_MEAN
#endif
#if defined(DAEMONIZE_UNDEF_NOMINMAX)
#undef NOMINMAX
#undef DAEMONIZE_UNDEF_NOMINMAX
#endif

#include <winsvc.h>

#if defined(_MSC_VER)
#pragma comment(lib, "advapi32")
#endif

#endif
