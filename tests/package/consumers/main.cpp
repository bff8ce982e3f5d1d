#include <daemonize.hpp>

#include <cstdio>

static_assert(__cplusplus >= 201703L, "the package asks for C++17, so that its user need not");

int main() { return std::printf("daemonize %d.%d\n", DAEMONIZE_VERSION_MAJOR, DAEMONIZE_VERSION_MINOR) > 0 ? 0 : 1; }
