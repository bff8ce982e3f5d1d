// The life of a service under FakeScm. Each test checks one rule of Windows that services often break.
#include <daemonize.hpp>

#include <chrono>
#include <cstring>
#include <stdexcept>

#include "support/catch.hpp"
#include "support/serve.hpp"

using namespace std::chrono_literals;
using daemonize::Accept;
using daemonize::Control;
using daemonize::Duration;
using daemonize::ServiceState;
using daemonize::Severity;
using daemonize::WinService;
using daemonize::testing::FakeScm;
using Context = WinService::Context;

namespace {

std::vector<ServiceState> states_of(const FakeScm& scm) {
    std::vector<ServiceState> states;
    for (const FakeScm::Report& report : scm.history()) states.push_back(report.status.state);
    return states;
}

using States = std::vector<ServiceState>;

} // namespace

TEST_CASE("a service can be assigned, and runs as the assigned service") {
    WinService service("Before");
    service = WinService("After").body(test::serve);
    CHECK(service.name() == "After");
    {
        FakeScm scm(service);
        REQUIRE(scm.start() == 0);
        CHECK(scm.control(Control::stop) == 0);
    }
    service = WinService("Third");
    CHECK(service.name() == "Third");
}

TEST_CASE("a service starts, runs and stops, and each step is reported once") {
    WinService service("Plain");
    std::vector<std::string> seen;
    service.wait_hint(7s).body([&](Context& context) {
        seen = context.arguments();
        return test::serve(context);
    });
    FakeScm scm(service);
    CHECK(scm.start({"one", "two words"}) == 0);
    CHECK(seen == std::vector<std::string>{"one", "two words"});
    CHECK(scm.state() == ServiceState::running);
    CHECK(scm.status().accepted == (Accept::stop | Accept::shutdown));
    CHECK(scm.start() == 1056);
    CHECK(scm.control(Control::stop) == 0);
    CHECK(states_of(scm) == States{ServiceState::start_pending, ServiceState::running, ServiceState::stop_pending,
                                   ServiceState::stopped});
    CHECK(scm.history()[0].status.wait_hint == Duration(7s));
    CHECK(scm.exit_code() == 0);
    CHECK(scm.violations().empty());
    CHECK(scm.control(Control::stop) == 1062);
}

TEST_CASE("the same service starts again after it has stopped") {
    WinService service("Again");
    int starts = 0;
    service.body([&](Context& context) {
        ++starts;
        return test::serve(context);
    });
    FakeScm scm(service);
    for (int i = 0; i < 50; ++i) {
        REQUIRE(scm.start() == 0);
        REQUIRE(scm.control(Control::stop) == 0);
        REQUIRE(scm.state() == ServiceState::stopped);
    }
    CHECK(starts == 50);
}

TEST_CASE("STOPPED comes from the body's end, after its clean-up, and nothing comes after it") {
    WinService service("Cleaner");
    FakeScm* seen_by = nullptr;
    ServiceState during_clean_up = ServiceState::stopped;
    service.body([&](Context& context) {
        test::serve(context);
        context.progress("cleaning up", 30s);
        during_clean_up = seen_by->state();
        context.ready();
        context.progress("still");
        return 0;
    });
    FakeScm scm(service);
    seen_by = &scm;
    scm.start();
    scm.control(Control::stop);
    CHECK(during_clean_up == ServiceState::stop_pending);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.progress_texts() == std::vector<std::string>{"cleaning up", "still"});
    CHECK(scm.violations().empty());
}

TEST_CASE("nothing is accepted while the start is pending, and a stop gets 1052") {
    WinService service("Slow");
    service.accept(Accept::param_change | Accept::preshutdown).body([](Context& context) {
        context.sleep_for(5s);
        return test::serve(context);
    });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.status().accepted == Accept::none);
    CHECK(scm.control(Control::stop) == 1052);
    CHECK(scm.control(Control::param_change) == 1061);
    CHECK(scm.control(Control::interrogate) == 0);
    scm.advance(5s);
    CHECK(scm.state() == ServiceState::running);
    CHECK(scm.control(Control::stop) == 0);
    CHECK(scm.state() == ServiceState::stopped);
}

TEST_CASE("a stop that comes before the service is ready is kept") {
    WinService service("Kept");
    bool slept = true;
    service.body([&](Context& context) {
        slept = context.sleep_for(5s);
        return test::serve(context);
    });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.deliver(Control::stop) == 0);
    CHECK_FALSE(slept);
    CHECK(states_of(scm) == States{ServiceState::start_pending, ServiceState::start_pending, ServiceState::stop_pending,
                                   ServiceState::stopped});
    CHECK(scm.exit_code() == 0);
    CHECK(scm.start_failed());
    CHECK(scm.violations().empty());
}

TEST_CASE("PAUSED is reported when on_pause has returned, and sleeping goes on until continued") {
    WinService service("Pausing");
    FakeScm* seen_by = nullptr;
    std::vector<ServiceState> during;
    int rounds = 0;
    service.on_pause([&] { during.push_back(seen_by->state()); })
        .on_continue([&](auto& context) {
            during.push_back(seen_by->state());
            CHECK_FALSE(context.paused());
        })
        .on_user_control(128, [] {})
        .body([&](Context& context) {
            context.ready();
            while (context.sleep_for(10s)) ++rounds;
        });
    FakeScm scm(service);
    seen_by = &scm;
    scm.start();
    CHECK(scm.status().accepted == (Accept::stop | Accept::shutdown | Accept::pause_continue));
    scm.advance(15s);
    CHECK(scm.control(Control::pause) == 0);
    CHECK(scm.state() == ServiceState::paused);
    scm.advance(1h);
    CHECK(rounds == 1);
    CHECK(scm.control(daemonize::user_control(128)) == 0); // wakes it, and its time has long passed
    CHECK(rounds == 1);
    CHECK(scm.control(Control::pause) == 0);
    CHECK(scm.control(Control::resume) == 0);
    CHECK(scm.state() == ServiceState::running);
    CHECK(rounds == 2);
    CHECK(during == States{ServiceState::pause_pending, ServiceState::continue_pending});
    scm.control(Control::pause);
    CHECK(scm.control(Control::stop) == 0);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 0);
    CHECK(scm.violations().empty());
}

TEST_CASE("accepted controls are part of every report while the service runs") {
    WinService service("Accepting");
    service.on_pause([] {}).on_continue([] {}).on_session_change([] {}).body(test::serve);
    const Accept all = Accept::stop | Accept::shutdown | Accept::pause_continue | Accept::session_change;
    FakeScm scm(service);
    scm.start();
    scm.control(Control::pause);
    scm.control(Control::interrogate);
    scm.control(Control::resume);
    scm.control(Control::interrogate);
    int reports = 0;
    for (const FakeScm::Report& report : scm.history()) {
        if (report.status.state == ServiceState::start_pending) continue;
        CHECK(report.status.accepted == all);
        ++reports;
    }
    CHECK(reports == 7);
}

TEST_CASE("interrogation is answered, and what nobody handles is refused") {
    WinService service("Refusing");
    service.body(test::serve);
    FakeScm scm(service);
    scm.start();
    CHECK(scm.control(Control::interrogate) == 0);
    CHECK(scm.control(daemonize::user_control(200)) == 120);
    CHECK(scm.control(daemonize::user_control(256)) == 87);
    CHECK(scm.control(Control::pause) == 1052);
    CHECK(scm.deliver(Control::pause) == 120);
    CHECK(scm.deliver(Control::device_event) == 120);
    CHECK(scm.state() == ServiceState::running);
}

TEST_CASE("accept() with nothing takes all back, and a service can then only end by itself") {
    WinService service("Deaf");
    service.accept_no_controls().body([](Context& context) {
        context.ready();
        context.sleep_for(1s);
        return 3;
    });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.status().accepted == Accept::none);
    CHECK(scm.control(Control::stop) == 1052);
    scm.advance(1s);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 3);
}

TEST_CASE("accept() without a control is refused before the service starts") {
    WinService service("Deaf");
    bool ran = false;
    service.accept(Accept::none).body([&] { ran = true; });
    FakeScm scm(service);
    CHECK(scm.start() == 87);
    CHECK_FALSE(ran);
    CHECK(scm.history().empty());
}

TEST_CASE("controls can be accepted again after all were removed") {
    WinService service("Picky");
    service.accept_no_controls().accept(Accept::preshutdown).body(test::serve);
    FakeScm scm(service);
    scm.start();
    CHECK(scm.status().accepted == Accept::preshutdown);
}

TEST_CASE("progress without a time promises the next report within the wait hint") {
    for (const Duration given : {Duration(), Duration(90s)}) {
        WinService service("Hinted");
        service.wait_hint(7s).body([&](Context& context) {
            context.progress("half", given);
            return test::serve(context);
        });
        FakeScm scm(service);
        scm.start();
        REQUIRE(scm.history().size() >= 2);
        CHECK(scm.history()[1].status.wait_hint == (given == Duration() ? Duration(7s) : given));
    }
}

TEST_CASE("a body's value is the service's own exit code, unless a stop was asked for") {
    WinService service("Coded");
    int value = 0;
    std::uint32_t win32 = 0;
    service.body([&](Context& context) {
        context.ready();
        if (win32 != 0) context.exit_code(win32);
        context.sleep_for(1s);
        return value;
    });
    FakeScm scm(service);
    value = 256;
    scm.start();
    scm.advance(1s);
    CHECK(scm.status().exit_code == 1066);
    CHECK(scm.status().service_exit_code == 256);
    scm.start();
    scm.control(Control::stop);
    CHECK(scm.status().exit_code == 0);
    CHECK(scm.status().service_exit_code == 0);
    value = 0;
    win32 = 1450;
    scm.start();
    scm.advance(1s);
    CHECK(scm.status().exit_code == 1450);
    CHECK(scm.exit_code() == 1450);
}

TEST_CASE("a body that leaves before it was ready has failed to start") {
    WinService service("Hasty");
    service.body([] { return 0; });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.start_failed());
    CHECK(scm.exit_code() == 1067);
    REQUIRE(scm.log_entries().size() == 1);
    CHECK(scm.log_entries()[0].text == "the service ended before it was ready");
}

TEST_CASE("a slow start ticks checkpoints while its body progresses") {
    WinService service("Working");
    service.wait_hint(10s).body([](Context& context) {
        for (int i = 0; i < 10; ++i) {
            context.progress("step " + std::to_string(i), 30s);
            context.sleep_for(25s);
        }
        return test::serve(context);
    });
    FakeScm scm(service);
    scm.start();
    scm.advance(249s);
    CHECK(scm.state() == ServiceState::start_pending);
    CHECK_FALSE(scm.hung());
    CHECK(scm.progress_texts().size() == 10);
    CHECK(scm.status().checkpoint >= 11);
    scm.advance(1s);
    CHECK(scm.state() == ServiceState::running);
    CHECK(scm.status().checkpoint == 0);
    CHECK_FALSE(scm.start_failed());
    CHECK(scm.violations().empty());
}

TEST_CASE("a body that waits in a loop while it starts is alive, also with long and with short waits") {
    const Duration wait = GENERATE(Duration(1ms), Duration(3s), Duration(40s));
    WinService service("Waiting");
    service.wait_hint(10s).body([&](Context& context) {
        Duration waited;
        while (waited < Duration(120s) && context.sleep_for(wait)) waited = waited + wait;
        return test::serve(context);
    });
    FakeScm scm(service);
    scm.start();
    scm.advance(121s);
    CHECK(scm.state() == ServiceState::running);
    CHECK_FALSE(scm.hung());
    // Each report is a call to another process: a short wait is no reason for one.
    CHECK(scm.history().size() < 60);
}

TEST_CASE("a start that stalls stops ticking, and is declared failed when its hint has run out") {
    WinService service("Stalled");
    service.wait_hint(10s).body([](Context& context) {
        context.progress("half", 15s);
        context.wait_for_stop();
    });
    FakeScm scm(service);
    scm.start();
    scm.advance(14s);
    CHECK_FALSE(scm.hung());
    scm.advance(1s);
    CHECK(scm.hung());
    CHECK(scm.start_failed());
    const std::size_t reports = scm.history().size();
    scm.advance(1h);
    CHECK(scm.history().size() == reports);
}

#if DAEMONIZE_HAS_EXCEPTIONS()

TEST_CASE("an exception becomes an entry in the event log and exit code 1064, and never START_PENDING for ever") {
    const bool early = GENERATE(true, false);
    const bool stopped = GENERATE(true, false);
    WinService service("Thrower");
    service.body([&](Context& context) {
        if (!early) context.ready();
        context.sleep_for(1s);
        throw std::runtime_error("the disk\nis full");
    });
    FakeScm scm(service);
    scm.start();
    if (stopped) {
        scm.deliver(Control::stop);
    } else {
        scm.advance(1s);
    }
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 1064);
    REQUIRE(scm.log_entries().size() == 1);
    CHECK(scm.log_entries()[0].severity == Severity::failure);
    CHECK(scm.log_entries()[0].text == "the service failed: the disk is full");
    CHECK(scm.violations().empty());
}

TEST_CASE("an exception from a handler is the body's, also inside Windows' call") {
    const bool inside = GENERATE(true, false);
    WinService service("HandlerThrows");
    const auto fail = [] { throw std::runtime_error("no"); };
    if (inside) {
        service.on_user_control(130, daemonize::in_handler, fail);
    } else {
        service.on_user_control(130, fail);
    }
    service.body(test::serve);
    FakeScm scm(service);
    scm.start();
    CHECK(scm.control(daemonize::user_control(130)) == (inside ? 1064u : 0u));
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 1064);
    CHECK(scm.log_entries().size() == 1);
    CHECK(scm.violations().empty());
}

TEST_CASE("a body that catches what its handler threw goes on") {
    WinService service("Catcher");
    int calls = 0;
    service
        .on_user_control(130,
                         [&] {
                             if (++calls == 1) throw std::runtime_error("once");
                         })
        .body([](Context& context) {
            context.ready();
            for (;;) {
                try {
                    context.wait_for_stop();
                    return 0;
                } catch (const std::exception&) {
                }
            }
        });
    FakeScm scm(service);
    scm.start();
    scm.control(daemonize::user_control(130));
    scm.control(daemonize::user_control(130));
    CHECK(calls == 2);
    scm.control(Control::stop);
    CHECK(scm.exit_code() == 0);
}

#endif
