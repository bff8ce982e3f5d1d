// The real ServiceCore, its handler and its body, under every sequence of controls up to a length, each at every moment
// of the body: at work, asleep, in a callback. FakeScm checks the reports.
#include <daemonize.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace daemonize;

namespace {

constexpr int length = 4;

// The events of a sequence. The body works for a second, and sleeps for a second: half a second is inside both.
struct Event {
    const char* name;
    void (*happen)(testing::FakeScm& scm);
};
const Event events[] = {
    {"stop", [](testing::FakeScm& scm) { scm.control(Control::stop); }},
    {"a stop in any state", [](testing::FakeScm& scm) { scm.deliver(Control::stop); }},
    {"pre-shutdown", [](testing::FakeScm& scm) { scm.control(Control::preshutdown); }},
    {"pause", [](testing::FakeScm& scm) { scm.control(Control::pause); }},
    {"continue", [](testing::FakeScm& scm) { scm.control(Control::resume); }},
    {"interrogate", [](testing::FakeScm& scm) { scm.control(Control::interrogate); }},
    {"a control of its own", [](testing::FakeScm& scm) { scm.control(user_control(130)); }},
    {"half a second", [](testing::FakeScm& scm) { scm.advance(Duration::milliseconds(500)); }},
    {"three seconds", [](testing::FakeScm& scm) { scm.advance(Duration::seconds(3)); }},
};
constexpr int stop_events = 3; // the first of them
constexpr int event_count = static_cast<int>(sizeof events / sizeof *events);

// The action of the body, and the place of its callbacks.
struct Kind {
    bool in_handler;
    bool leaves; // by itself, after four rounds
};

// One sequence from start to end. Returns the defect, or an empty text.
std::string run(const Kind& kind, int sequence) {
    WinService service("Model");
    testing::FakeScm scm(service);
    int paused = 0; // how many pauses without a continue the callbacks saw
    const auto slowly = [&](int then) {
        return [&scm, &paused, then](WinService::Context&) {
            if (then == 1) scm.busy_for(Duration::milliseconds(700));
            paused = then;
        };
    };
    service.on_pause(slowly(1)).on_continue(slowly(0));
    if (kind.in_handler) {
        service.on_user_control(130, in_handler, [] { return 0u; });
    } else {
        service.on_user_control(130, [] {});
    }
    service.accept(Accept::stop | Accept::preshutdown).wait_hint(Duration::seconds(2));
    service.body([&](WinService::Context& context) {
        scm.busy_for(Duration::seconds(1));
        context.ready();
        for (int round = 0; !kind.leaves || round < 4; ++round) {
            scm.busy_for(Duration::seconds(1));
            if (!context.sleep_for(Duration::seconds(1))) break;
        }
        return 0;
    });
    scm.start();
    bool asked = false;
    for (int i = 0, rest = sequence; i < length; ++i, rest /= event_count) {
        events[rest % event_count].happen(scm);
        const bool stops = scm.state() == ServiceState::stop_pending || scm.state() == ServiceState::stopped;
        if (asked && !stops) return "a stop is lost";
        asked = asked || (stops && rest % event_count < stop_events);
    }
    // Time enough for whatever was begun; then a service that was asked to stop has, and the others are at rest.
    scm.advance(Duration::seconds(20));
    if (!scm.violations().empty()) return scm.violations().front();
    if (scm.hung()) return "it was silent for too long";
    if (asked && scm.state() != ServiceState::stopped) return "a stop has no end";
    const bool runs = scm.state() == ServiceState::running, waits = scm.state() == ServiceState::paused;
    if (!runs && !waits && scm.state() != ServiceState::stopped) return "a pending state has no end";
    if ((runs && paused != 0) || (waits && paused == 0)) return "the state is not what the callbacks made it";
    if (scm.state() == ServiceState::stopped && scm.exit_code() != 0) return "it ended with a failure";
    if (!kind.leaves && scm.state() == ServiceState::stopped && !asked) return "it stopped unasked";
    std::size_t ends = 0;
    for (const auto& report : scm.history()) ends += report.status.state == ServiceState::stopped ? 1u : 0u;
    return ends == (scm.state() == ServiceState::stopped ? 1u : 0u) ? "" : "STOPPED not once";
}

std::string name_of(int sequence) {
    std::string text;
    for (int i = 0; i < length; ++i, sequence /= event_count)
        text += std::string(events[sequence % event_count].name) + "; ";
    return text;
}

} // namespace

TEST_CASE("every sequence of four controls and waits keeps the SCM's rules, wherever they fall") {
    int count = 1;
    for (int i = 0; i < length; ++i) count *= event_count;
    for (const Kind kind : {Kind{false, false}, Kind{false, true}, Kind{true, false}}) {
        for (int sequence = 0; sequence < count; ++sequence) {
            const std::string wrong = run(kind, sequence);
            if (wrong.empty()) continue;
            FAIL(wrong << ", in the handler: " << kind.in_handler << ", leaves: " << kind.leaves << ", after "
                       << name_of(sequence));
        }
    }
    SUCCEED();
}
