// curses: timeout, echo, scroll, filter, getch and their like.
#include <curses.h>
