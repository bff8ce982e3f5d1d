// The macros of <windows.h>, and of compilers in their gnu modes, that have broken headers before. libstdc++ undefines
// min and max, libc++ does not: with libc++ this file shows an unprotected min.
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define ABSOLUTE 1
#define ALTERNATE 1
#define CALLBACK
#define CONST const
#define DELETE 0x00010000L
#define ERROR 0
#define FALSE 0
#define IGNORE 0
#define IN
#define INFINITE 0xFFFFFFFF
#define NO_ERROR 0L
#define OPTIONAL
#define OUT
#define PASCAL
#define RELATIVE 2
#define STRICT 1
#define TRUE 1
#define VOID void
#define far
#define near
#define interface struct
#define small char
#define CreateEvent CreateEventW
#define CreateFile CreateFileW
#define CreateProcess CreateProcessW
#define CreateService CreateServiceW
#define GetMessage GetMessageW
#define OpenService OpenServiceW
#define ReportEvent ReportEventW
#define SendMessage SendMessageW
#define StartService StartServiceW
#define linux 1
#define unix 1

#include <daemonize.hpp>
