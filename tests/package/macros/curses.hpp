// The macros of curses: timeout, echo, scroll, filter, getch and so on.
#include <curses.h>
