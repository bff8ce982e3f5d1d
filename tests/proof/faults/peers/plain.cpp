// A program that knows nothing of daemons: start-stop-daemon makes it one.
#include "body.hpp"

int main() { return stay(); }
