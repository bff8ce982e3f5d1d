// The verbs of a service program, for people and init scripts: their actions, output and exit statuses.
#include "support/abilities.hpp"
#include "support/tested_service.hpp"

using daemonize::Context;
using daemonize::Duration;
using daemonize::Service;
using test::Said;
using test::TestedService;

TEST_CASE("a service is started, told and stopped by its verbs") {
    const test::Orphanage orphanage;
    TestedService program;
    Said said = program({"status"});
    CHECK(said.code == 3);
    CHECK(said.output == "tested: not running\n  pid file  " + program.pid_file + "\n");

    said = program({"start", "--", "one", "--two"});
    CHECK(said.code == 0);
    CHECK(said.error.empty());
    CHECK(program.report.line() == "arguments one --two");
    const std::string pid = std::to_string(program.pid());
    CHECK(said.output == "tested: running, pid " + pid + "\n");

    said = program({"start"});
    CHECK(said.code == 0);
    CHECK(said.output == "tested: already running, pid " + pid + "\n");

    said = program({"status"});
    CHECK(said.code == 0);
    CHECK(said.output.find("tested: running\n  pid       " + pid + "\n  uptime    ") == 0);
    CHECK(said.output.find(" s, since 20") != std::string::npos);
    CHECK(said.output.find("\n  memory    ") != std::string::npos);

    said = program({"stop"});
    CHECK(said.code == 0);
    CHECK(said.output == "tested: stopped\n");
    CHECK(!test::exists(program.pid_file));
    said = program({"stop"});
    CHECK(said.code == 0);
    CHECK(said.output == "tested: not running\n");
    orphanage.wait_until_empty();
}

TEST_CASE("status for programs is one object of JSON") {
    const test::Orphanage orphanage;
    TestedService program;
    Said said = program({"status", "--json"});
    CHECK(said.code == 3);
    CHECK(said.output == "{\"name\":\"tested\",\"state\":\"not running\",\"pid_file\":\"" + program.pid_file + "\"}\n");
    REQUIRE(program({"start"}).code == 0);
    said = program({"status", "--json"});
    CHECK(said.code == 0);
    CHECK(said.output.find("{\"name\":\"tested\",\"state\":\"running\",\"pid\":" + std::to_string(program.pid()) +
                           ",\"since\":") == 0);
    CHECK(said.output.find(",\"uptime\":") != std::string::npos);
    CHECK(said.output.find(",\"memory\":") != std::string::npos);
    REQUIRE(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a service that was killed is dead, and can be started again") {
    const test::Orphanage orphanage;
    TestedService program;
    REQUIRE(program({"start"}).code == 0);
    const pid_t first = program.pid();
    REQUIRE(test::kill(first, SIGKILL) == 0);
    orphanage.wait_for(first);
    const Said said = program({"status"});
    CHECK(said.code == 1);
    CHECK(said.output.find("tested: dead, with a stale pid file\n") == 0);
    CHECK(program({"reload"}).code == 7);
    CHECK(program({"start"}).code == 0);
    CHECK(program.pid() != first);
    CHECK(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a verb does what it does also where nobody can read of it") {
    const test::Orphanage orphanage;
    TestedService program;
    const auto full = [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); };
    const auto closed = [] { ::close(STDOUT_FILENO); };
    const auto broken = [] {
        test::Pipe pipe;
        ::dup2(pipe.write_end(), STDOUT_FILENO);
    };
    for (const std::function<void()>& output : std::vector<std::function<void()>>{full, closed, broken}) {
        CHECK(program({"start"}, output).code == 0);
        CHECK(program({"start"}, output).code == 0);
        CHECK(program.pid() > 0);
        const Said unreadable = program({"status"}, output);
        CHECK(unreadable.code == 4);
        CHECK(unreadable.error.find("tested: cannot write to standard output: ") == 0);
        CHECK(program({"help"}, output).code == 1);
        CHECK(program({"stop"}, output).code == 0);
        CHECK(program({"stop"}, output).code == 0);
        orphanage.wait_until_empty();
    }
}

TEST_CASE("a reload reaches the body, unless the configuration is refused") {
    const test::Orphanage orphanage;
    TestedService program;
    Said said = program({"reload"});
    CHECK(said.code == 7);
    CHECK(said.error == "tested: cannot reach the daemon of " + program.pid_file + ": it does not run\n");
    REQUIRE(program({"start"}).code == 0);
    REQUIRE(program.report.line() == "arguments");
    CHECK(program({"reload"}).code == 0);
    CHECK(program.report.line() == "reload");
    said = program({"reload", "bad"});
    CHECK(said.code == 6);
    CHECK(said.error == "tested: cannot use the configuration: bad is bad\n");
    said = program({"reload", "worse"});
    CHECK(said.code == 6);
    CHECK(said.error == "tested: cannot use the configuration: worse is no better\n");
    REQUIRE(program({"stop"}).code == 0);
    CHECK(program.report.rest().empty());
    orphanage.wait_until_empty();
}

TEST_CASE("a restart replaces the service, and keeps it where the configuration is refused") {
    const test::Orphanage orphanage;
    TestedService program;
    REQUIRE(program({"restart"}).code == 0); // of what does not run: a start
    const pid_t first = program.pid();
    const Said said = program({"restart", "bad"});
    CHECK(said.code == 6);
    CHECK(said.error == "tested: cannot use the configuration: bad is bad\n");
    CHECK(program.pid() == first);
    CHECK(program({"restart", "good"}).code == 0);
    CHECK(program.pid() != first);
    REQUIRE(program.report.line() == "arguments");
    CHECK(program.report.line() == "arguments good");
    CHECK(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a word that is no verb, and one too many, start nothing") {
    TestedService program;
    Said said = program({"begin"});
    CHECK(said.code == 2);
    CHECK(said.error.find("tested: \"begin\" is not a verb; expected run, start") == 0);
    said = program({"stop", "now"});
    CHECK(said.code == 2);
    CHECK(said.error == "tested: stop takes no argument \"now\"\n");
    CHECK(said.output.empty());
}

TEST_CASE("help goes to standard output") {
    TestedService program;
    const Said said = program({"help"});
    CHECK(said.code == 0);
    CHECK(said.output.find("tested: Is tested\n\nUsage: program [VERB] [ARGUMENTS]\n") == 0);
    CHECK(said.error.empty());
}

TEST_CASE("a service that does not end when it is asked to is killed, and that is said") {
    const test::Orphanage orphanage;
    TestedService program;
    program.stop_timeout = Duration::milliseconds(20);
    program.body = [&](Context& context) {
        context.ready();
        program.hold.close_write();
        program.hold.wait_until_closed();
        return 0;
    };
    REQUIRE(program({"start"}).code == 0);
    const pid_t pid = program.pid();
    const Said said = program({"stop"});
    CHECK(said.code == 0);
    CHECK(said.error == "tested: process " + std::to_string(pid) + " did not stop in time, and is killed\n");
    CHECK(WTERMSIG(orphanage.wait_for(pid)) == SIGKILL);
    CHECK(!test::exists(program.pid_file));
}

TEST_CASE("what is no pid file has no status, and is left alone") {
    TestedService program;
    REQUIRE(::mkdir(program.pid_file.c_str(), 0755) == 0);
    const Said said = program({"status"});
    CHECK(said.code == 4);
    CHECK(said.error == "tested: cannot open the pid file " + program.pid_file + ": Is a directory\n");
    CHECK(program({"stop"}).code == 1);
    CHECK(program({"start"}).code == 1);
    CHECK(::rmdir(program.pid_file.c_str()) == 0);
}

TEST_CASE("text, zero, a negative or a huge number in the pid file hinder neither status nor stop nor start") {
    const test::Orphanage orphanage;
    TestedService program;
    for (const char* text : {"text\n", "0\n", "-1\n", "1099511627776\n"}) {
        test::write_file(program.pid_file, text);
        CHECK(program({"status"}).code == 1);
        CHECK(program({"stop"}).code == 0);
        test::write_file(program.pid_file, text);
        CHECK(program({"start"}).code == 0);
        CHECK(program({"stop"}).code == 0);
    }
    orphanage.wait_until_empty();
}

TEST_CASE("another user's service can be told, and neither stopped nor reloaded") {
    NEEDS(other_users());
    const test::Orphanage orphanage;
    TestedService program;
    REQUIRE(program({"start"}).code == 0);
    const auto as_nobody = [&](const std::string& verb) {
        return test::run([&](int argc, char** argv) { return program.main(argc, argv); }, {verb},
                         [] { test::become_nobody(); });
    };
    CHECK(as_nobody("status").code == 0);
    const Said said = as_nobody("stop");
    CHECK(said.code == 4);
    CHECK(said.error == "tested: cannot reach the daemon of " + program.pid_file + ": another user runs it\n");
    CHECK(as_nobody("reload").code == 4);
    CHECK(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("instances run side by side, each under its own name") {
    NEEDS(root()); // whose default pid file is in a place that every machine has
    NEEDS(system_directories());
    const test::Orphanage orphanage;
    const auto body = [](const char* instance) {
        return [instance](int argc, char** argv) {
            return Service("daemonize-tested").instance_name(instance).run(argc, argv, [](Context& context) {
                context.ready();
                context.wait_for_stop();
            });
        };
    };
    REQUIRE(test::run(body("eu"), {"start"}).code == 0);
    REQUIRE(test::run(body("us"), {"start"}).code == 0);
    CHECK(test::exists("/run/daemonize-tested@eu.pid"));
    CHECK(test::exists("/run/daemonize-tested@us.pid"));
    CHECK(test::run(body("eu"), {"stop"}).output == "daemonize-tested@eu: stopped\n");
    CHECK(test::run(body("us"), {"status"}).code == 0);
    CHECK(test::run(body("us"), {"stop"}).code == 0);
    CHECK(!test::exists("/run/daemonize-tested@us.pid"));
    orphanage.wait_until_empty();
}
