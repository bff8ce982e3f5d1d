// The feature macros and the version macros of core/config.hpp.
#include <daemonize.hpp>

#include <sys/utsname.h>

#include <cstring>

#include "support/catch.hpp"

TEST_CASE("the version is there for the preprocessor to compare") {
#if DAEMONIZE_VERSION_MAJOR > 0 || DAEMONIZE_VERSION_MINOR > 0 || DAEMONIZE_VERSION_PATCH > 0
    SUCCEED();
#else
    FAIL("0.0.0 is no version");
#endif
}

TEST_CASE("the library is compiled for the system that it runs on") {
    utsname system{};
    REQUIRE(uname(&system) == 0);
    CHECK(DAEMONIZE_ON_LINUX() == (std::strcmp(system.sysname, "Linux") == 0));
    CHECK(DAEMONIZE_ON_WINDOWS() == 0);
}
