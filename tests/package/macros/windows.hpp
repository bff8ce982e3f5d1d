// <windows.h> with nothing left out: min, max, ERROR, DELETE, IN, OUT, interface, small, CreateService and their like.
#include <winsock2.h>

#include <windows.h>

#include <winsvc.h>
