// What the README promises in figures is what the code has.
#include "support/catch.hpp"
#include "support/process.hpp"

#include <daemonize.hpp>

namespace {

const std::string readme = test::contents(std::string(SOURCE_DIRECTORY) + "/README.md");

struct Named {
    daemonize::Stage stage;
    const char* name;
};

using daemonize::Stage;
constexpr Named stages[] = {{Stage::options, "options"},
                            {Stage::threads, "threads"},
                            {Stage::runtime_directory, "runtime_directory"},
                            {Stage::state_directory, "state_directory"},
                            {Stage::log_directory, "log_directory"},
                            {Stage::pid_file_open, "pid_file_open"},
                            {Stage::pid_file_lock, "pid_file_lock"},
                            {Stage::pid_file_write, "pid_file_write"},
                            {Stage::flush, "flush"},
                            {Stage::channel, "channel"},
                            {Stage::fork, "fork"},
                            {Stage::setsid, "setsid"},
                            {Stage::null_device, "null_device"},
                            {Stage::descriptors, "descriptors"},
                            {Stage::before_drop, "before_drop"},
                            {Stage::limits, "limits"},
                            {Stage::chroot, "chroot"},
                            {Stage::group, "group"},
                            {Stage::user, "user"},
                            {Stage::no_new_privileges, "no_new_privileges"},
                            {Stage::chdir, "chdir"},
                            {Stage::standard_input, "standard_input"},
                            {Stage::standard_output, "standard_output"},
                            {Stage::standard_error, "standard_error"},
                            {Stage::signal_reset, "signal_reset"},
                            {Stage::readiness, "readiness"},
                            {Stage::timeout, "timeout"},
                            {Stage::interrupted, "interrupted"}};

} // namespace

TEST_CASE("the README's exit status of each stage is the one that a launcher ends with") {
    REQUIRE(!readme.empty());
    for (const Named& known : stages) {
        const std::string row =
            "| " + std::to_string(daemonize::exit_code(known.stage)) + " | `" + std::string(known.name) + "`";
        INFO(row);
        CHECK(readme.find(row) != std::string::npos);
    }
    CHECK(readme.find("| 1 | `readiness`, `body`") != std::string::npos);
    CHECK(daemonize::exit_code(Stage::body) == 1);
    CHECK(static_cast<int>(Stage::body) == static_cast<int>(sizeof stages / sizeof stages[0]));
}

TEST_CASE("the README asks CMake for this version") {
    const std::string version = std::to_string(DAEMONIZE_VERSION_MAJOR) + "." + std::to_string(DAEMONIZE_VERSION_MINOR);
    CHECK(readme.find("find_package(daemonize " + version + " REQUIRED)") != std::string::npos);
}
