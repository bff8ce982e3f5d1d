// Nothing before it, nothing but it.
#include <daemonize.hpp>

int main() { return 0; }
