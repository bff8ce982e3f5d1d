// The macros of <sys/param.h>: MIN, MAX, isset, setbit, roundup, howmany. libbsd has the header of the BSDs; this file
// adds the macros that only FreeBSD has.
#include <bsd/sys/param.h>
#include <sys/param.h>

#define CBLOCK 128
#define PCATCH 0x100
#define PDROP 0x200
#define PSOCK 88
#define PWAIT 120
#define btodb(bytes) ((bytes) >> 9)
#define ctob(x) ((x) << 12)
#define dbtob(db) ((db) << 9)
#define nitems(x) (sizeof((x)) / sizeof((x)[0]))
#define rounddown(x, y) (((x) / (y)) * (y))
#define trunc_page(x) ((x) & ~4095)
