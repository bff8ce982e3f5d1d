// <windows.h> without what breaks other headers: lean, without min and max, and with nothing of ours left defined.
// Uses nothing; whatever speaks to Windows includes this one.
#ifndef DAEMONIZE_WINDOWS_SYSTEM_WINDOWS_HEADER_HPP
#define DAEMONIZE_WINDOWS_SYSTEM_WINDOWS_HEADER_HPP

// Asio refuses a <windows.h> that brought the old winsock along; std::min breaks beside a macro of that name.
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
