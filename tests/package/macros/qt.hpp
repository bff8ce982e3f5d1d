// The macros of Qt: signals, slots, emit, foreach, forever.
#include <QtCore/QtCore>
