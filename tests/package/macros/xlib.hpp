// The macros of Xlib: Status, None, Bool, True, False, Success, Always, Above, Below, DestroyAll and so on.
#include <X11/Xlib.h>

#include <X11/Xatom.h>
#include <X11/Xutil.h>
#include <X11/cursorfont.h>
#include <X11/keysym.h>
