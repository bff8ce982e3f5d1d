// WinServiceContext under FakeScm, and WinService::run() on a system without Windows.
#include <daemonize.hpp>

#include <chrono>

#include "support/catch.hpp"
#include "support/service_program.hpp"

using namespace std::chrono_literals;
using daemonize::Accept;
using daemonize::Control;
using daemonize::Duration;
using daemonize::ServiceState;
using daemonize::Severity;
using daemonize::StopReason;
using daemonize::WinService;
using daemonize::testing::FakeScm;
using Context = WinService::Context;

namespace {

constexpr std::uint32_t service_specific_error = 1066;

} // namespace

TEST_CASE("a body's own reason to end is logged once, with its code, and is never a success") {
    for (const int code : {0, 3}) {
        WinService service("Failing");
        service.body([code](Context& context) {
            context.ready();
            return context.fail("port 80\nis taken", code);
        });
        FakeScm scm(service);
        scm.start();
        CHECK(scm.status().exit_code == service_specific_error);
        CHECK(scm.exit_code() == (code == 0 ? 1 : 3));
        REQUIRE(scm.log_entries().size() == 1);
        CHECK(scm.log_entries()[0].severity == Severity::failure);
        CHECK(scm.log_entries()[0].text == "port 80 is taken");
    }
}

TEST_CASE("what is thrown and is no exception is a failure all the same") {
    WinService service("Throwing");
    service.body([](Context& context) {
        context.ready();
        throw 5;
    });
    FakeScm scm(service);
    scm.start();
    REQUIRE(scm.log_entries().size() == 1);
    CHECK(scm.log_entries()[0].text == "the service failed: an exception that is not a std::exception was thrown");
}

TEST_CASE("a service that is handed on runs where it has come to") {
    WinService first("Moved");
    bool ran = false;
    first.body([&] { ran = true; });
    WinService service(std::move(first));
    CHECK(service.name() == "Moved");
    FakeScm scm(service);
    scm.start();
    CHECK(ran);
}

TEST_CASE("setters work on a temporary service") {
    const auto make = [](bool& ran) {
        return WinService("Made").wait_hint(5s).on_stop([] {}).body([&ran] { ran = true; });
    };
    bool ran = false;
    auto service = make(ran);
    CHECK(service.name() == "Made");
    FakeScm scm(service);
    scm.start();
    CHECK(ran);
}

TEST_CASE("a service that was handed on can still be set, and does not run") {
    WinService first("Moved");
    const WinService second(std::move(first));
    CHECK(second.name() == "Moved");
    bool ran = false;
    // NOLINTNEXTLINE(bugprone-use-after-move): what the test is about
    first.wait_hint(5s).accept(Accept::param_change).on_stop([] {}).body([&] { ran = true; });
    CHECK(first.name().empty());
    FakeScm scm(first);
    CHECK(scm.start() == 123); // ERROR_INVALID_NAME
    CHECK_FALSE(ran);
}

TEST_CASE("STOPPED carries the error that the body set, and the service's own code before that") {
    for (const bool own : {false, true}) {
        WinService service("Coded");
        service.body([own](Context& context) {
            context.ready();
            context.exit_code(5);
            if (own) context.service_exit_code(42);
        });
        FakeScm scm(service);
        scm.start();
        CHECK(scm.state() == ServiceState::stopped);
        CHECK(scm.status().exit_code == (own ? service_specific_error : 5));
        CHECK(scm.exit_code() == (own ? 42 : 5));
    }
}

TEST_CASE("a body stops its service, once, and that is an operator's request") {
    WinService service("Stopping itself");
    StopReason reason = StopReason::none;
    int stops = 0;
    service.on_stop([&] { ++stops; }).body([&](Context& context) {
        context.ready();
        context.stop();
        context.stop();
        CHECK_FALSE(context.sleep_for(1h));
        reason = context.stop_reason();
        CHECK(context.stop_deadline() == Duration::longest());
        return 7;
    });
    FakeScm scm(service);
    scm.start();
    CHECK(reason == StopReason::operator_request);
    CHECK(stops == 1);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 0);
    CHECK(scm.history().size() == 4);
    CHECK(scm.clock() == Duration());
    CHECK(scm.violations().empty());
}

TEST_CASE("a body accepts more controls while it runs, and what it logs bears its severity") {
    WinService service("Talking");
    service.body([](Context& context) {
        CHECK(context.name() == "Talking");
        CHECK(context.native_handle() == nullptr);
        CHECK(context.service_handle() == nullptr);
        context.ready();
        context.accept(Accept::param_change);
        context.log(Severity::warning, "half full");
        context.wait_for_stop();
    });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.status().accepted == (Accept::stop | Accept::shutdown | Accept::param_change));
    CHECK(scm.history().size() == 3);
    REQUIRE(scm.log_entries().size() == 1);
    CHECK(scm.log_entries()[0].severity == Severity::warning);
    CHECK(scm.log_entries()[0].text == "half full");
}

TEST_CASE("a service that runs has no progress to make, and reports none") {
    WinService service("Running");
    service.body([](Context& context) {
        context.ready();
        context.progress("reading", 90s);
        context.wait_for_stop();
    });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.history().size() == 2);
    CHECK(scm.progress_texts().empty());
}

TEST_CASE("the time that a shutdown leaves is the system's") {
    WinService service("Shut down");
    Duration left;
    service.body([&](Context& context) {
        context.ready();
        context.wait_for_stop();
        left = context.stop_deadline();
    });
    FakeScm scm(service);
    scm.start();
    scm.shutdown_timeout(4s).shut_down();
    CHECK(left == Duration(4s));
    CHECK_FALSE(scm.killed());
}

TEST_CASE("of two handlers for one control the latter counts") {
    WinService service("Twice");
    std::string seen;
    service.on_pause([&] { seen += "paused "; })
        .on_param_change([&] { seen += "first"; })
        .on_param_change([&] { seen += "second"; })
        .body([](Context& context) {
            context.ready();
            context.wait_for_stop();
        });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.control(Control::pause) == 0);
    CHECK(scm.control(Control::param_change) == 0);
    CHECK(seen == "paused second");
}

TEST_CASE("where there is no Windows, running a service says so for each, and no body runs") {
    const test::Said said = test::run(
        [](int, char**) {
            WinService one("One");
            WinService two("Two");
            one.run_mode(daemonize::RunMode::service).body([] { std::abort(); });
            two.body([] { std::abort(); });
            return run_services(one, two) == one.run() ? one.run([] { std::abort(); }) : 0;
        },
        {});
    CHECK(said.code == daemonize::exit_code(daemonize::Stage::dispatcher));
    const auto line = [](const std::string& name) {
        return name + ": cannot reach the service control manager for the service " + name +
               ": this system has no service control manager\n";
    };
    CHECK(said.error == line("One") + line("Two") + line("One") + line("One"));
}
