// The main of a mutated test program: runs Catch2, lists the tests in plain lines, and reports its end.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#define LIST_NAMES                                                                                                     \
    { "--list-tests", "--verbosity", "quiet" }
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#define LIST_NAMES                                                                                                     \
    { "--list-test-names-only" }
#endif

#include "board.hpp"

#include <string>
#include <unistd.h>
#include <vector>

int main(int argc, char** argv) {
    std::vector<const char*> arguments(argv, argv + argc);
    if (argc == 2 && std::string(argv[1]) == "--names") {
        arguments.pop_back();
        for (const char* option : LIST_NAMES) arguments.push_back(option);
    }
    const int status = Catch::Session().run(static_cast<int>(arguments.size()), arguments.data());
    mutation::finish(::getpid());
    return status;
}
