#include <daemonize.hpp>

int main() {}
