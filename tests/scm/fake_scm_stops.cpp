// Stops and shutdowns under FakeScm: the handlers that run, and the time limits.
#include <daemonize.hpp>

#include <chrono>

#include "support/catch.hpp"
#include "support/serve.hpp"

using namespace std::chrono_literals;
using namespace daemonize;
using daemonize::testing::FakeScm;
using ServiceContext = WinService::Context;

TEST_CASE("a stop that stalls shows as hung, and one that progresses does not") {
    const bool stalls = GENERATE(true, false);
    WinService service("Ending");
    FakeScm* fake = nullptr;
    service.wait_hint(5s).body([&](ServiceContext& context) {
        test::serve(context);
        for (int i = 0; i < 10; ++i) {
            if (!stalls) context.progress("writing", 4s);
            fake->busy_for(3s);
        }
    });
    FakeScm scm(service);
    fake = &scm;
    scm.start();
    scm.control(Control::stop);
    scm.advance(30s);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.hung() == stalls);
    CHECK(scm.violations().empty());
}

TEST_CASE("a pre-shutdown gives its time-out, says when it ends, and kills who is late") {
    const bool late = GENERATE(true, false);
    WinService service("Saver");
    FakeScm* fake = nullptr;
    StopReason reason = StopReason::none;
    Duration left;
    int saved = 0;
    service
        .on_preshutdown([&](ServiceContext& context) {
            reason = context.stop_reason();
            left = context.stop_deadline();
        })
        .body([&](ServiceContext& context) {
            CHECK(context.stop_deadline() == Duration::longest());
            test::serve(context);
            fake->busy_for(late ? 180s : 179s);
            left = context.stop_deadline();
            ++saved;
        });
    FakeScm scm(service);
    fake = &scm;
    scm.preshutdown_timeout(180s);
    scm.start();
    CHECK(scm.control(Control::preshutdown) == 0);
    CHECK(reason == StopReason::preshutdown);
    CHECK(left == Duration(180s));
    scm.advance(200s);
    CHECK(scm.killed() == false);
    CHECK(left == (late ? Duration() : Duration(1s)));
    CHECK(saved == 1);
}

TEST_CASE("a pre-shutdown that takes too long ends in a kill, and a shutdown too") {
    const Control control = GENERATE(Control::preshutdown, Control::shutdown);
    WinService service("Late");
    FakeScm* fake = nullptr;
    service.accept(Accept::preshutdown).body([&](ServiceContext& context) {
        test::serve(context);
        fake->busy_for(11s);
    });
    FakeScm scm(service);
    fake = &scm;
    scm.start();
    scm.control(control);
    scm.advance(control == Control::shutdown ? 4s : 9s);
    CHECK_FALSE(scm.killed());
    scm.advance(1s);
    CHECK(scm.killed());
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 1067);
}

TEST_CASE("on_stop runs before the body hears of any stop, unless that kind has a handler of its own") {
    const Control control = GENERATE(Control::stop, Control::shutdown, Control::preshutdown);
    const bool own = GENERATE(false, true);
    std::string order;
    WinService service("Told");
    service.accept(Accept::preshutdown).on_stop([&](ServiceContext& context) {
        order += "stop" + std::to_string(static_cast<int>(context.stop_reason())) + " ";
    });
    if (own) service.on_shutdown([&] { order += "shutdown "; }).on_preshutdown([&] { order += "preshutdown "; });
    service.body([&](ServiceContext& context) {
        test::serve(context);
        order += "body";
    });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.control(control) == 0);
    const bool is_stop = control == Control::stop;
    if (own && !is_stop) {
        CHECK(order == (control == Control::shutdown ? "shutdown body" : "preshutdown body"));
    } else {
        const StopReason reason = is_stop                        ? StopReason::operator_request
                                  : control == Control::shutdown ? StopReason::shutdown
                                                                 : StopReason::preshutdown;
        CHECK(order == "stop" + std::to_string(static_cast<int>(reason)) + " body");
    }
    CHECK(scm.exit_code() == 0);
}

TEST_CASE("a machine's shutdown asks first those that want a pre-shutdown, and then the rest") {
    StopReason reason = StopReason::none;
    WinService early("Early");
    early.accept(Accept::preshutdown).body([&](ServiceContext& context) {
        test::serve(context);
        reason = context.stop_reason();
    });
    FakeScm first(early);
    first.start();
    first.shut_down();
    CHECK(reason == StopReason::preshutdown);
    CHECK_FALSE(first.killed());
    WinService late("Late");
    late.body([&](ServiceContext& context) {
        test::serve(context);
        reason = context.stop_reason();
    });
    FakeScm second(late);
    second.start();
    second.shut_down();
    CHECK(reason == StopReason::shutdown);
    CHECK_FALSE(second.killed());
    WinService deaf("Deaf");
    deaf.accept_no_controls().body(test::serve);
    FakeScm third(deaf);
    third.start();
    third.shut_down();
    CHECK(third.killed());
}

TEST_CASE("a stop that the service asks for itself wakes its body, from wherever it comes") {
    WinService service("Itself");
    StopReason reason = StopReason::none;
    service
        .on_user_control(130, in_handler,
                         [](ServiceContext& context) {
                             context.stop();
                             return 0u;
                         })
        .body([&](ServiceContext& context) {
            context.ready();
            context.wait_for_stop();
            reason = context.stop_reason();
        });
    FakeScm scm(service);
    scm.start();
    CHECK(scm.control(user_control(130)) == 0);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK(scm.exit_code() == 0);
    CHECK(reason == StopReason::operator_request);
}
