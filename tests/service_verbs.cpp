// A service program's verbs, as people and init scripts use them: what they do, print and end with.
#include "catch.hpp"
#include "held.hpp"
#include "service_program.hpp"

using daemonize::Context;
using daemonize::Duration;
using daemonize::Service;
using test::Said;

namespace {

// A service in a directory of the test's own. Its body tells `report` what it hears.
class Program {
  public:
    test::Said operator()(
        const std::vector<std::string>& words, const std::function<void()>& prepare = [] {}) {
        return test::run([this](int argc, char** argv) { return main(argc, argv); }, words, prepare);
    }

    int main(int argc, char** argv) {
        return Service("tested")
            .description("Is tested")
            .instance(instance)
            .stop_timeout(stop_timeout)
            .posix([this](daemonize::Daemonizer& daemonizer) {
                daemonizer.pid_file(pid_file).keep_fd(report.write_end()).keep_fd(hold.read_end());
            })
            .on_check([](const std::vector<std::string>& arguments, std::string& why) {
                if (!arguments.empty() && arguments[0] == "worse") throw std::runtime_error("worse is no better");
                if (arguments.empty() || arguments[0] != "bad") return true;
                why = "bad is bad";
                return false;
            })
            .run(argc, argv, [this](Context& context) {
                if (body) return body(context);
                context.on_reload([this] { report.tell("reload\n"); });
                context.ready();
                std::string line = "arguments";
                for (const std::string& argument : context.arguments()) line += " " + argument;
                report.tell(line + "\n");
                context.wait_for_stop();
                return 0;
            });
    }

    pid_t pid() const { return daemonize::PidFile::holder(pid_file).pid; }

    test::Directory directory;
    std::string pid_file = directory / "tested.pid";
    std::string instance;
    Duration stop_timeout = Duration::seconds(30);
    std::function<int(Context&)> body;
    test::Pipe report;
    test::Pipe hold;
};

} // namespace

TEST_CASE("a service is started, told and stopped by its verbs") {
    const test::Orphanage orphanage;
    Program program;
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
    CHECK(said.output == "tested: it runs already, pid " + pid + "\n");

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
    CHECK(said.output == "tested: it did not run\n");
    orphanage.wait_until_empty();
}

TEST_CASE("status for programs is one object of JSON") {
    const test::Orphanage orphanage;
    Program program;
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
    Program program;
    REQUIRE(program({"start"}).code == 0);
    const pid_t first = program.pid();
    REQUIRE(::kill(first, SIGKILL) == 0);
    orphanage.wait_for(first);
    const Said said = program({"status"});
    CHECK(said.code == 1);
    CHECK(said.output.find("tested: dead, and it left its pid file\n") == 0);
    CHECK(program({"reload"}).code == 7);
    CHECK(program({"start"}).code == 0);
    CHECK(program.pid() != first);
    CHECK(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a verb does what it does also where nobody can read of it") {
    const test::Orphanage orphanage;
    Program program;
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
    Program program;
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
    Program program;
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
    Program program;
    Said said = program({"begin"});
    CHECK(said.code == 2);
    CHECK(said.error.find("tested: \"begin\" is no verb: run, start") == 0);
    said = program({"stop", "now"});
    CHECK(said.code == 2);
    CHECK(said.error == "tested: stop takes no argument \"now\"\n");
    CHECK(said.output.empty());
}

TEST_CASE("help goes to standard output") {
    Program program;
    const Said said = program({"help"});
    CHECK(said.code == 0);
    CHECK(said.output.find("tested: Is tested\n\nUsage: program [VERB] [ARGUMENTS]\n") == 0);
    CHECK(said.error.empty());
}

TEST_CASE("a start that fails tells the body's own words, and leaves nothing") {
    const test::Orphanage orphanage;
    Program program;
    SECTION("it says why") {
        program.body = [](Context& context) { return context.fail("port 80 is taken", 3); };
        const Said said = program({"start"});
        CHECK(said.code == 1);
        CHECK(said.error == "tested: port 80 is taken\n");
    }
    SECTION("it throws") {
        program.body = [](Context&) -> int { throw std::runtime_error("no cache"); };
        CHECK(program({"start"}).error == "tested: no cache\n");
    }
    SECTION("it leaves before it is ready") {
        program.body = [](Context&) { return 0; };
        CHECK(program({"start"}).error == "tested: it ended before it was ready\n");
    }
    CHECK(!test::exists(program.pid_file));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a service that is stopped while it starts has not been started, whatever it says") {
    const test::Orphanage orphanage;
    Program program;
    program.body = [&](Context& context) {
        program.report.tell("begun\n");
        context.wait_for_stop();
        context.ready();
        return 0;
    };
    test::Run start([&](int argc, char** argv) { return program.main(argc, argv); }, {"start"});
    REQUIRE(program.report.line() == "begun");
    CHECK(program({"stop"}).code == 0);
    CHECK(start.end() == 1);
    CHECK(start.output.empty());
    CHECK(start.error == "tested: it was asked to stop before it was ready\n");
    CHECK(!test::exists(program.pid_file));
    CHECK(orphanage.is_empty());
}

TEST_CASE("a service that is being started has the status of one that runs") {
    const test::Orphanage orphanage;
    Program program;
    program.body = [&](Context& context) {
        program.report.tell("begun\n");
        context.wait_for_stop();
        return 0;
    };
    test::Run start([&](int argc, char** argv) { return program.main(argc, argv); }, {"start"});
    REQUIRE(program.report.line() == "begun");
    const Said said = program({"status"});
    CHECK(said.code == 0);
    CHECK(said.output.find("tested: starting\n") == 0);
    CHECK(program({"stop"}).code == 0);
    CHECK(start.end() == 1);
}

TEST_CASE("progress is shown while a start takes its time") {
    const test::Orphanage orphanage;
    Program program;
    program.body = [](Context& context) {
        context.progress("reading the cache", Duration::seconds(5));
        context.ready();
        context.progress("nobody is told of this");
        context.wait_for_stop();
        return 0;
    };
    const Said said = program({"start"});
    CHECK(said.code == 0);
    CHECK(said.error == "tested: reading the cache\n");
    CHECK(program({"stop"}).code == 0);
    orphanage.wait_until_empty();
}

TEST_CASE("a service that does not end when it is asked to is killed, and that is said") {
    const test::Orphanage orphanage;
    Program program;
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
    Program program;
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
    Program program;
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
    NEEDS_ROOT();
    const test::Orphanage orphanage;
    Program program;
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

TEST_CASE("of many starts at once one wins, and all succeed") {
    const test::Orphanage orphanage;
    Program program;
    std::vector<std::unique_ptr<test::Run>> runs;
    for (int i = 0; i < 16; ++i) {
        runs.push_back(std::make_unique<test::Run>([&](int argc, char** argv) { return program.main(argc, argv); },
                                                   std::vector<std::string>{"start"}));
    }
    int started = 0;
    for (const auto& run : runs) {
        CHECK(run->end() == 0);
        CHECK(run->error.empty());
        if (run->output.find("tested: running, pid ") == 0) ++started;
    }
    CHECK(started == 1);
    REQUIRE(program.report.line() == "arguments");
    CHECK(program({"stop"}).code == 0);
    CHECK(program.report.rest().empty());
    orphanage.wait_until_empty();
}

TEST_CASE("instances run side by side, each under its own name") {
    NEEDS_ROOT(); // whose default pid file is in a place that every machine has
    const test::Orphanage orphanage;
    const auto body = [](const char* instance) {
        return [instance](int argc, char** argv) {
            return Service("daemonize-tested").instance(instance).run(argc, argv, [](Context& context) {
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

TEST_CASE("a start without rights to its pid file's directory is no start without a pid file") {
    const test::Directory root; // another user's
    ::chmod(root.path().c_str(), 0555);
    const Said said = test::run(
        [](int argc, char** argv) { return Service("placeless").run(argc, argv, [](Context&) {}); }, {"start"},
        [&] {
            ::setenv("XDG_RUNTIME_DIR", root.path().c_str(), 1);
            test::become_nobody();
        });
    CHECK(said.code == 4);
    CHECK(said.error == "placeless: cannot open the pid file " + (root / "placeless.pid") + ": Permission denied\n");
}

TEST_CASE("a user without a place for a pid file is told so") {
    using Words = std::vector<std::string>; // without a word it would daemonize itself
    for (const Words& words :
         {Words{"start"}, Words{"stop"}, Words{"restart"}, Words{"reload"}, Words{"status"}, Words()}) {
        const Said said = test::run(
            [](int argc, char** argv) {
                return Service("placeless")
                    .background()
                    .host(daemonize::HostKind::unknown)
                    .run(argc, argv, [](Context&) {});
            },
            words,
            [] {
                ::unsetenv("XDG_RUNTIME_DIR");
                test::become_nobody();
            });
        CHECK(said.code == (words == Words{"status"} ? 4 : 1)); // which for status is neither running nor dead
        CHECK(said.error == "placeless: cannot open the pid file: this user has no place for one: XDG_RUNTIME_DIR is "
                            "not set\n");
    }
}

TEST_CASE("a configuration is checked once, with the arguments that it is for") {
    const test::Directory directory;
    std::string checked;
    const auto program = [&](int argc, char** argv) {
        const int code = Service("tested")
                             .posix([&](daemonize::Daemonizer& daemonizer) { daemonizer.pid_file(directory / "pid"); })
                             .on_check([&](const std::vector<std::string>& arguments, std::string&) {
                                 checked += arguments.empty() ? "none " : arguments[0] + " ";
                                 return true;
                             })
                             .run(argc, argv, [](Context&) { return 0; });
        std::fputs(checked.c_str(), stderr);
        return code;
    };
    CHECK(test::run(program, {"reload", "new"}).error ==
          "tested: cannot reach the daemon of " + (directory / "pid") + ": it does not run\nnew ");
}
