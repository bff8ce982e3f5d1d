// A program without any code for daemons: start-stop-daemon makes the program a daemon.
#include "body.hpp"

int main() { return stay(); }
