// Controls under FakeScm: their data, and the thread of their handlers.
#include <daemonize.hpp>

#include <chrono>
#include <memory>
#include <thread>

#include "support/catch.hpp"
#include "support/serve.hpp"

using namespace std::chrono_literals;
using namespace daemonize;
using daemonize::testing::FakeScm;
using ServiceContext = WinService::Context;

TEST_CASE("every control reaches its handler, with its contents") {
    std::vector<std::string> seen;
    std::thread::id body;
    WinService service("Events");
    const auto see = [&](const std::string& text) {
        seen.push_back((std::this_thread::get_id() == body ? "" : "inside Windows' call: ") + text);
    };
    service.on_param_change([&] { see("param"); })
        .on_netbind_change(
            [&](ServiceContext&, Control which) { see("net " + std::to_string(static_cast<int>(which))); })
        .on_hardware_profile_change([&](auto&, const HardwareProfileEvent& event) {
            see("profile " + std::to_string(static_cast<int>(event.type)));
        })
        .on_power_event([&](auto&, const PowerEvent& event) {
            see("power " + std::to_string(static_cast<int>(event.type)) + event.setting +
                std::to_string(event.data.size()));
        })
        .on_session_change([&](auto&, const SessionEvent& event) {
            see("session " + std::to_string(static_cast<int>(event.type)) + " " + std::to_string(event.session));
        })
        .on_device_event([&](auto&, const DeviceEvent& event) { see("device " + event.name); })
        .on_time_change(
            [&](auto&, const TimeChangeEvent& event) { see("time " + std::to_string(event.to - event.from)); })
        .on_trigger_event([&](ServiceContext&) { see("trigger"); })
        .on_user_mode_reboot([&] { see("reboot"); })
        .on_user_control(128, [&] { see("128"); })
        .on_user_control(255, [&] { see("255"); })
        .body([&](ServiceContext& context) {
            body = std::this_thread::get_id();
            return test::serve(context);
        });
    FakeScm scm(service);
    scm.start();
    CHECK(static_cast<std::uint32_t>(scm.status().accepted) == 0xefd);
    for (const Control control : {Control::param_change, Control::netbind_add, Control::netbind_remove,
                                  Control::netbind_enable, Control::netbind_disable, Control::trigger_event,
                                  Control::user_mode_reboot, user_control(128), user_control(255)}) {
        CHECK(scm.control(control) == 0);
    }
    HardwareProfileEvent profile;
    CHECK(scm.control(profile) == 0);
    PowerEvent power;
    power.type = PowerEvent::Type::setting_change;
    power.setting = "{5D3E9A59}";
    power.data = {1, 0, 0, 0};
    CHECK(scm.control(power) == 0);
    SessionEvent session;
    session.type = SessionEvent::Type::lock;
    session.session = 2;
    CHECK(scm.control(session) == 0);
    DeviceEvent device;
    device.name = R"(\\?\USB)";
    CHECK(scm.control(device) == 0);
    TimeChangeEvent time;
    time.to = 25;
    CHECK(scm.control(time) == 0);
    CHECK(seen == std::vector<std::string>{"param", "net 7", "net 8", "net 9", "net 10", "trigger", "reboot", "128",
                                           "255", "profile 24", "power 32787{5D3E9A59}4", "session 7 2",
                                           "device \\\\?\\USB", "time 25"});
    CHECK(scm.control(user_control(129)) == 120);
}

TEST_CASE("handlers run where the body waits, and in_handler ones inside Windows' call, with their answer") {
    WinService service("Places");
    FakeScm* fake = nullptr;
    int late = 0;
    int at_once = 0;
    service.on_user_control(130, [&] { ++late; })
        .on_user_control(131, in_handler,
                         [&](ServiceContext&) -> unsigned {
                             ++at_once;
                             return 1234;
                         })
        .on_power_event(in_handler,
                        [&](auto&, const PowerEvent& event) { return event.type != PowerEvent::Type::suspend; })
        .on_device_event(in_handler, [](auto&, const DeviceEvent&) { return true; })
        .body([&](ServiceContext& context) {
            context.ready();
            fake->busy_for(10s);
            context.wait_for_stop();
        });
    FakeScm scm(service);
    fake = &scm;
    scm.start();
    CHECK(scm.control(user_control(130)) == 0);
    CHECK(late == 0);
    CHECK(scm.control(user_control(131)) == 1234);
    CHECK(at_once == 1);
    PowerEvent power;
    CHECK(scm.control(power) == 0);
    power.type = PowerEvent::Type::suspend;
    CHECK(scm.control(power) == 0x424d5144);
    CHECK(scm.control(DeviceEvent()) == 0);
    scm.advance(10s);
    CHECK(late == 1);
    scm.control(Control::stop);
    CHECK(scm.exit_code() == 0);
}

TEST_CASE("a handler answers at once although the body is busy, and the body learns of it when it waits") {
    WinService service("Busy");
    FakeScm* fake = nullptr;
    bool stopped_before_work = true;
    StopReason reason = StopReason::none;
    service.body([&](ServiceContext& context) {
        context.ready();
        stopped_before_work = context.stop_requested();
        fake->busy_for(15s);
        reason = context.stop_reason();
    });
    FakeScm scm(service);
    fake = &scm;
    scm.start();
    CHECK(scm.control(Control::stop) == 0);
    CHECK(scm.state() == ServiceState::stop_pending);
    CHECK(scm.control(Control::stop) == 1061);
    scm.advance(15s);
    CHECK_FALSE(stopped_before_work);
    CHECK(reason == StopReason::operator_request);
    CHECK(scm.state() == ServiceState::stopped);
    CHECK_FALSE(scm.hung());
}

TEST_CASE("a body with a loop of its own polls, and the event is quiet afterwards") {
    WinService service("Looping");
    int controls = 0;
    bool paused = false;
    bool on = true;
    FakeScm* fake = nullptr;
    service.on_pause([] {})
        .on_continue([] {})
        .on_user_control(140, [&] { ++controls; })
        .body([&](ServiceContext& context) {
            context.ready();
            while (on) {
                fake->busy_for(1s);
                on = context.poll();
                paused = context.paused();
            }
            return 0;
        });
    FakeScm scm(service);
    fake = &scm;
    scm.start();
    CHECK_FALSE(scm.event_is_set());
    scm.control(user_control(140));
    scm.control(user_control(140));
    CHECK(scm.event_is_set());
    CHECK(controls == 0);
    scm.advance(1s);
    CHECK(controls == 2);
    CHECK_FALSE(scm.event_is_set());
    scm.control(Control::pause);
    CHECK(scm.state() == ServiceState::pause_pending);
    scm.advance(1s);
    CHECK(paused);
    CHECK(scm.state() == ServiceState::paused);
    scm.control(Control::stop);
    CHECK(scm.event_is_set());
    scm.advance(1s);
    CHECK_FALSE(on);
    CHECK_FALSE(scm.event_is_set());
    CHECK(scm.state() == ServiceState::stopped);
}

TEST_CASE("a callback may sleep, and no other one runs inside it") {
    WinService service("Nested");
    std::string order;
    service
        .on_user_control(130,
                         [&](ServiceContext& context) {
                             order += "(";
                             context.sleep_for(5s);
                             order += ")";
                         })
        .on_user_control(131, [&] { order += "x"; })
        .body(test::serve);
    FakeScm scm(service);
    scm.start();
    scm.control(user_control(130));
    scm.control(user_control(131));
    CHECK(order == "(");
    scm.advance(5s);
    CHECK(order == "()x");
}

TEST_CASE("the command line's arguments and the SCM's are told apart") {
    WinService service("Arguments");
    std::vector<std::string> of_line;
    std::vector<std::string> of_start;
    service.body([&](ServiceContext& context) {
        of_line = context.program_arguments();
        of_start = context.arguments();
        return test::serve(context);
    });
    FakeScm scm(service);
    scm.program_arguments({"--log", "C:\\a b"}).start({"fast"});
    CHECK(of_line == std::vector<std::string>{"--log", "C:\\a b"});
    CHECK(of_start == std::vector<std::string>{"fast"});
}

TEST_CASE("a report that Windows refuses is logged, once, and the service goes on") {
    WinService service("Unheard");
    int rounds = 0;
    service.body([&](ServiceContext& context) {
        context.ready();
        while (context.sleep_for(1s)) ++rounds;
    });
    FakeScm scm(service);
    scm.refuse_reports(6).start();
    scm.advance(3s);
    CHECK(rounds == 3);
    REQUIRE(scm.log_entries().size() == 1);
    CHECK(scm.log_entries()[0].text == "cannot report the state of the service: error 6");
}

TEST_CASE("several services of one process report the shared type, and a single one its own") {
    for (const ServiceType type : {ServiceType::own_process, ServiceType::share_process}) {
        WinService service("Typed");
        service.body(test::serve);
        FakeScm scm(service);
        scm.service_type(type).start();
        scm.control(Control::stop);
        for (const FakeScm::Report& report : scm.history()) CHECK(report.status.type == type);
    }
}

TEST_CASE("a service with a wrong name, without a body or with an impossible control is not started") {
    const auto start = [](WinService&& service, bool with_body) {
        if (with_body) service.body(test::serve);
        FakeScm scm(service);
        return scm.start();
    };
    CHECK(start(WinService(""), true) == 123);
    CHECK(start(WinService("a/b"), true) == 123);
    CHECK(start(WinService("a\\b"), true) == 123);
    CHECK(start(WinService(std::string("a\0b", 3)), true) == 123);
    CHECK(start(WinService(std::string(257, 'x')), true) == 123);
    CHECK(start(WinService(std::string(256, 'x')), true) == 0);
    CHECK(start(WinService("plain"), false) == 87);
    CHECK(start(WinService("plain").on_user_control(127, [] {}), true) == 87);
    CHECK(start(WinService("plain").on_user_control(256, [] {}), true) == 87);
    CHECK(start(WinService("plain").wait_hint(Duration::nanoseconds(-1)), true) == 87);
}

TEST_CASE("a fake SCM that goes while its service runs ends it") {
    bool ended = false;
    WinService service("Cut");
    service.body([&](ServiceContext& context) {
        test::serve(context);
        ended = true;
    });
    {
        FakeScm scm(service);
        scm.start();
    }
    CHECK(ended);
}

TEST_CASE("what a service's handlers hold goes with the service") {
    const auto held = std::make_shared<int>(1);
    {
        WinService service("Owner");
        service.on_stop([held] {}).body([held](ServiceContext& context) { return test::serve(context); });
        CHECK(held.use_count() == 3);
        FakeScm scm(service);
        scm.start();
        scm.control(Control::stop);
    }
    CHECK(held.use_count() == 1);
}
