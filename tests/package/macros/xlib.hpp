// Xlib: Status, None, Bool, True, False, Success, Always, Above, Below, DestroyAll and their like.
#include <X11/Xlib.h>

#include <X11/Xatom.h>
#include <X11/Xutil.h>
#include <X11/cursorfont.h>
#include <X11/keysym.h>
