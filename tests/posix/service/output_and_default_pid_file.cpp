// The default pid file of a service, and the output of the verbs.
#include "support/abilities.hpp"
#include "support/service_program.hpp"

using daemonize::Context;
using daemonize::HostKind;
using daemonize::Service;
using test::Said;

namespace {

int report_holder(Context& context) {
    context.ready();
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    std::fputs(test::exists(std::string(runtime) + "/tested.pid") ? "a pid file" : "no pid file", stderr);
    return 0;
}

} // namespace

TEST_CASE("in the foreground a service runs without a pid file where there is no place for one") {
    NEEDS(other_users());
    NEEDS(pid_files());
    const test::Directory roots, users;
    REQUIRE(::chown(users.path().c_str(), test::nobody, test::nobody) == 0);
    const auto run_in = [](const std::string& directory) {
        const auto body = [](int argc, char** argv) {
            return Service("tested").host(HostKind::unknown).run(argc, argv, report_holder);
        };
        return test::run(body, {"run"}, [&] {
            test::become_nobody();
            ::setenv("XDG_RUNTIME_DIR", directory.c_str(), 1);
        });
    };
    Said said = run_in(users.path());
    CHECK(said.code == 0);
    CHECK(said.error == "a pid file");
    said = run_in(roots.path());
    CHECK(said.code == 0);
    CHECK(said.error == "no pid file");
}

TEST_CASE("what the program printed itself comes before what its verb prints") {
    const test::Directory directory;
    const auto program = [&](int argc, char** argv) {
        std::fputs("first\n", stdout);
        return Service("tested")
            .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "tested.pid"); })
            .run(argc, argv, [](Context&) { return 0; });
    };
    CHECK(test::run(program, {"status"}).output.find("first\ntested: not running\n") == 0);
    CHECK(test::run(program, {"stop"}).output == "first\ntested: not running\n");
}
