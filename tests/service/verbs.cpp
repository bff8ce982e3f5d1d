// The parser of the command line: the verb, and the arguments of the body; and the exit statuses of the verbs.
#include "support/catch.hpp"

#include <daemonize.hpp>

using daemonize::Failure;
using daemonize::Stage;
using daemonize::detail::parse_verbs;
using daemonize::detail::Verb;
using daemonize::detail::VerbLine;
using Words = std::vector<std::string>;

TEST_CASE("the first word is a verb if it equals one") {
    const struct {
        const char* word;
        Verb verb;
    } known[] = {{"run", Verb::run},         {"start", Verb::start},         {"stop", Verb::stop},
                 {"restart", Verb::restart}, {"reload", Verb::reload},       {"status", Verb::status},
                 {"install", Verb::install}, {"uninstall", Verb::uninstall}, {"help", Verb::help}};
    for (const auto& one : known) {
        const VerbLine line = parse_verbs({one.word});
        CHECK(line.verb == one.verb);
        CHECK(line.problem.empty());
        CHECK(line.arguments.empty());
    }
}

TEST_CASE("without a word, or with one that begins with a dash, there is no verb") {
    CHECK(parse_verbs({}).verb == Verb::none);
    const VerbLine options = parse_verbs({"--interval", "5", "stop"});
    CHECK(options.verb == Verb::none);
    CHECK(options.arguments == Words{"--interval", "5", "stop"});
    const VerbLine escaped = parse_verbs({"--", "stop"});
    CHECK(escaped.verb == Verb::none);
    CHECK(escaped.arguments == Words{"stop"});
    CHECK(parse_verbs({"-"}).arguments == Words{"-"});
}

TEST_CASE("what follows a verb is the body's, and -- ends what is ours") {
    CHECK(parse_verbs({"start", "--interval", "5"}).arguments == Words{"--interval", "5"});
    CHECK(parse_verbs({"start", "--", "--json", "--"}).arguments == Words{"--json", "--"});
    CHECK(parse_verbs({"run", "stop"}).arguments == Words{"stop"});
    CHECK(parse_verbs({"restart", "", "x"}).arguments == Words{"", "x"});
    CHECK_FALSE(parse_verbs({"start", "--json"}).json);
}

TEST_CASE("only status takes --json") {
    CHECK(parse_verbs({"status", "--json"}).json);
    CHECK(parse_verbs({"status", "--json"}).problem.empty());
    CHECK_FALSE(parse_verbs({"status"}).json);
    CHECK(parse_verbs({"status", "--JSON"}).problem == "status takes no argument \"--JSON\"");
    CHECK(parse_verbs({"stop", "--json"}).problem == "stop takes no argument \"--json\"");
}

TEST_CASE("any other word is an error that shows the verbs, in one line") {
    const std::string verbs = "run, start, stop, restart, reload, status, install, uninstall or help";
    CHECK(parse_verbs({"begin"}).problem == "\"begin\" is not a verb; expected " + verbs);
    CHECK(parse_verbs({"Start"}).problem == "\"Start\" is not a verb; expected " + verbs);
    CHECK(parse_verbs({""}).problem == "\"\" is not a verb; expected " + verbs);
    CHECK(parse_verbs({"a\nb"}).problem == "\"a b\" is not a verb; expected " + verbs);
}

TEST_CASE("a failure ends a verb with the status that init scripts have for it") {
    using daemonize::detail::lsb_code;
    const auto failure = [](Stage stage, std::errc code) { return Failure(stage, std::make_error_code(code), ""); };
    CHECK(lsb_code(Failure()) == 0);
    CHECK(lsb_code(failure(Stage::fork, std::errc::not_enough_memory)) == 1);
    CHECK(lsb_code(failure(Stage::body, std::errc::operation_canceled)) == 1);
    CHECK(lsb_code(failure(Stage::instance, std::errc::operation_not_permitted)) == 4);
    CHECK(lsb_code(failure(Stage::pid_file_open, std::errc::permission_denied)) == 4);
    CHECK(lsb_code(failure(Stage::service_open, std::errc::no_such_file_or_directory)) == 5);
    CHECK(lsb_code(failure(Stage::configuration, std::errc::invalid_argument)) == 6);
    CHECK(lsb_code(failure(Stage::instance, std::errc::no_such_process)) == 7);
    CHECK(lsb_code(failure(Stage::fork, std::errc::no_such_process)) == 1);
}

TEST_CASE("help names every verb, the service and what it does") {
    const std::string text = daemonize::detail::help_text("./timestampd", "timestampd", "Appends the\ntime");
    CHECK(text.find("timestampd: Appends the time\n\nUsage: ./timestampd [VERB] [ARGUMENTS]\n") == 0);
    CHECK(text.find("\n\n  run         run in the foreground\n  start       start in") != std::string::npos);
    for (const auto& verb : daemonize::detail::all_verbs) {
        CHECK(text.find("\n  " + std::string(verb.name) + " ") != std::string::npos);
    }
}

TEST_CASE("a text of JSON is one whatever it holds") {
    using daemonize::detail::json_string;
    CHECK(json_string("plain \xc3\xa9") == "\"plain \xc3\xa9\"");
    CHECK(json_string("a\"b\\c") == "\"a\\\"b\\\\c\"");
    CHECK(json_string(std::string("\n\t\0\x1f", 4)) == "\"\\u000a\\u0009\\u0000\\u001f\"");
    CHECK(json_string("/run/\xff\xe2\x82.pid") == "\"/run/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.pid\"");
}

TEST_CASE("spans of time and amounts of memory are told in the units that matter") {
    using daemonize::detail::memory_text;
    using daemonize::detail::span_text;
    CHECK(span_text(0) == "0 s");
    CHECK(span_text(59) == "59 s");
    CHECK(span_text(61) == "1 min 1 s");
    CHECK(span_text(3660) == "1 h 1 min");
    CHECK(span_text(90000) == "1 d 1 h");
    CHECK(memory_text(0) == "0.0 MiB");
    CHECK(memory_text(1048576 + 524288) == "1.5 MiB");
    CHECK(memory_text(UINT64_MAX) == "17592186044415.9 MiB");
}

TEST_CASE("a status takes a line for each thing that is known, and no time from before a process began") {
    daemonize::detail::StatusReport status;
    status.name = "a\nb";
    status.pid_file = "/run/a\nb.pid";
    CHECK(daemonize::detail::status_text(status) == "a b: \n  pid file  /run/a b.pid\n");
    status.since = INT64_MIN;
    CHECK(status.uptime() == 0);
}

TEST_CASE("a status tells what is known, to people and to programs, and nothing else") {
    daemonize::detail::StatusReport now;
    now.name = "timestampd";
    now.state = "dead";
    CHECK(status_text(now) == "timestampd: dead\n");
    CHECK(status_json(now) == "{\"name\":\"timestampd\",\"state\":\"dead\"}\n");
    now.remark = ", alas";
    now.pid = 1;
    now.since = static_cast<std::int64_t>(std::time(nullptr)) - 90000; // its minutes do not change meanwhile
    now.memory = 1;
    now.exit_code = 1;
    now.pid_file = "/run/x";
    CHECK(status_text(now) == "timestampd: dead, alas\n  pid       1\n  uptime    1 d 1 h, since " +
                                  daemonize::detail::local_time_text(now.since) +
                                  "\n"
                                  "  memory    0.0 MiB\n  exit code 1\n  pid file  /run/x\n");
    const std::string since = std::to_string(now.since);
    CHECK(status_json(now).find("{\"name\":\"timestampd\",\"state\":\"dead\",\"pid\":1,\"since\":" + since +
                                ",\"uptime\":9000") == 0);
    CHECK(status_json(now).find(",\"memory\":1,\"exit_code\":1,\"pid_file\":\"/run/x\"}\n") != std::string::npos);
    now.since += 100000; // by a clock that was set back
    CHECK(now.uptime() == 0);
    now.since = 0;
    CHECK(now.uptime() == 0);
}
