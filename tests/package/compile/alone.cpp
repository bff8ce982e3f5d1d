// Includes <daemonize.hpp> only.
#include <daemonize.hpp>

int main() { return 0; }
