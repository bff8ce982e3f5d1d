// The macros of <windows.h> without WIN32_LEAN_AND_MEAN: min, max, ERROR, DELETE, IN, OUT, interface, small,
// CreateService and so on.
#include <winsock2.h>

#include <windows.h>

#include <winsvc.h>
