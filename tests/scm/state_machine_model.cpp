// Model checking: the real state machine with a model of a service control manager, a control handler and a body, in
// every order of their steps. The model has the rules of the SCM from its documentation, and checks each step.
#include <daemonize.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.hpp"

using namespace daemonize;
using detail::BodyEnd;
using detail::ControlAnswer;
using detail::ServiceMachine;

namespace {

constexpr std::size_t most_waiting = 6; // controls that the body has not taken yet: more are sent only then
constexpr auto user = static_cast<Control>(130);
const Control controls[] = {
    Control::stop, Control::shutdown, Control::preshutdown, Control::pause, Control::resume, Control::interrogate,
    user};

bool is_stop(Control control) {
    return control == Control::stop || control == Control::shutdown || control == Control::preshutdown;
}

enum class Handler { idle, called, completing };
enum class Body { not_begun, between, in_callback, ended };

// How the application is written, and whether reports are made under the lock: without it, the rules must be found
// broken.
struct Setting {
    bool in_handler;
    bool locked;
};

// The state of the SCM: the reports of the service, and the rules of the SCM.
class Scm {
  public:
    ServiceState state = ServiceState::start_pending; // from StartService on
    Accept accepted = Accept::none;
    std::uint32_t checkpoint = 0;
    bool stopped = false;
    std::string broken;

    // ControlService(): nothing goes to a service that starts, stops or has stopped, and of the rest what it accepts.
    // Shutdowns and consoles ask nobody: those are threads of their own below.
    bool may_send(Control control) const {
        if (state == ServiceState::stopped || state == ServiceState::stop_pending) return false;
        if (state == ServiceState::start_pending) return control == Control::interrogate;
        switch (control) {
        case Control::stop: return (accepted & Accept::stop) != Accept::none;
        case Control::shutdown: return (accepted & Accept::shutdown) != Accept::none;
        case Control::preshutdown: return (accepted & Accept::preshutdown) != Accept::none;
        case Control::pause:
        case Control::resume: return (accepted & Accept::pause_continue) != Accept::none;
        default: return true;
        }
    }

    // SetServiceStatus(): `takes` is what the body takes by now.
    void report(const ServiceStatus& now, Accept takes) {
        const bool pending = now.state == ServiceState::start_pending || now.state == ServiceState::stop_pending ||
                             now.state == ServiceState::pause_pending || now.state == ServiceState::continue_pending;
        const bool controllable = now.state == ServiceState::running || now.state == ServiceState::pause_pending ||
                                  now.state == ServiceState::paused || now.state == ServiceState::continue_pending;
        rule(!stopped, "nothing is reported after STOPPED");
        rule(may_follow(now.state), "a state that cannot follow the one before");
        rule(pending == (now.checkpoint > 0), "a checkpoint there is while pending, and only then");
        rule(pending == (now.wait_hint > Duration()), "a wait hint there is while pending, and only then");
        rule(!pending || now.state != state || now.checkpoint >= checkpoint, "a checkpoint never goes back");
        rule(now.accepted == (controllable ? takes : Accept::none),
             "what is accepted is in every report, where it may be");
        rule(now.state == ServiceState::stopped || (now.exit_code == 0 && now.service_exit_code == 0),
             "an exit code comes with STOPPED");
        rule(now.service_exit_code == 0 || now.exit_code == 1066, "a service's own code goes with 1066");
        state = now.state;
        accepted = now.accepted;
        checkpoint = now.checkpoint;
        stopped = now.state == ServiceState::stopped;
    }

    void rule(bool holds, const char* text) {
        if (!holds && broken.empty()) broken = text;
    }

  private:
    bool may_follow(ServiceState next) const {
        if (next == state) return true;
        switch (state) {
        case ServiceState::start_pending:
            return next == ServiceState::running || next == ServiceState::stop_pending || next == ServiceState::stopped;
        case ServiceState::running:
            return next != ServiceState::start_pending && next != ServiceState::continue_pending;
        case ServiceState::pause_pending: // a continue that comes meanwhile turns it round
            return next == ServiceState::paused || next == ServiceState::continue_pending ||
                   next == ServiceState::stop_pending || next == ServiceState::stopped;
        case ServiceState::paused:
            return next != ServiceState::start_pending && next != ServiceState::pause_pending &&
                   next != ServiceState::running;
        case ServiceState::continue_pending:
            return next == ServiceState::running || next == ServiceState::pause_pending ||
                   next == ServiceState::stop_pending || next == ServiceState::stopped;
        case ServiceState::stop_pending: return next == ServiceState::stopped;
        case ServiceState::stopped: return false;
        }
        return false;
    }
};

// All of it at one instant.
struct World {
    ServiceMachine machine{ServiceType::own_process, Accept::stop | Accept::shutdown | Accept::pause_continue,
                           Duration::seconds(20)};
    Accept takes = Accept::stop | Accept::shutdown | Accept::pause_continue;
    Scm scm;
    Handler handler = Handler::idle;
    Control sent = Control::interrogate; // what the handler was called with
    Body body = Body::not_begun;
    Control taken = Control::interrogate; // what the body's callback is about
    std::vector<Control> waiting;         // for the body
    bool stop_taken = false;              // a stop was answered with success, or asked for by a thread of our own
    bool was_ready = false;
    bool threw = false;
    bool failed = false;             // the body returned 7
    bool paused_last = false;        // by the callbacks, and not by the machine
    std::vector<ServiceStatus> late; // reports on their way, where there is no lock

    // Two worlds with one key go on alike: the machine's checkpoint is the SCM's, and how large it is changes nothing.
    auto key() const {
        const ServiceStatus& now = machine.status();
        std::string queue;
        for (const Control control : waiting) queue += static_cast<char>(control);
        std::string reports;
        for (const ServiceStatus& status : late) {
            reports += static_cast<char>(status.state);
            reports += static_cast<char>(std::min(status.checkpoint, 3u));
        }
        return std::make_tuple(now.state, now.accepted, now.exit_code, now.service_exit_code, machine.stop_reason(),
                               takes, scm.state, scm.accepted, now.checkpoint == scm.checkpoint, scm.stopped, handler,
                               sent, body, taken, queue, stop_taken, was_ready, threw, failed, paused_last, reports);
    }

    void report(const Setting& setting) {
        if (setting.locked) {
            scm.report(machine.status(), takes);
        } else if (late.size() < 2) {
            late.push_back(machine.status());
        }
    }

    void complete(Control control, const Setting& setting) {
        paused_last = control == Control::pause ? true : control == Control::resume ? false : paused_last;
        const bool changed =
            (control == Control::pause && machine.paused()) || (control == Control::resume && machine.continued());
        if (changed) report(setting);
    }
};

using Next = std::vector<std::pair<std::string, World>>;

// The SCM sends a control, which is in the handler's hands from here on: it calls one handler at a time.
void scm_steps(const World& world, Next& next) {
    if (world.handler != Handler::idle || world.waiting.size() >= most_waiting) return;
    for (const Control control : controls) {
        if (!world.scm.may_send(control)) continue;
        World then = world;
        then.handler = Handler::called;
        then.sent = control;
        next.emplace_back("SCM sends " + std::to_string(static_cast<unsigned>(control)), then);
    }
}

// The handler, as ServiceCore::handle has it: one transition, and then perhaps the application's callback.
void handler_steps(const World& world, const Setting& setting, Next& next) {
    World then = world;
    if (world.handler == Handler::called) {
        const bool was_alive = world.body != Body::not_begun && world.body != Body::ended;
        const bool stopping = world.machine.stop_requested();
        const ControlAnswer answer = then.machine.control(world.sent, world.sent == user);
        then.scm.rule(answer.code == 0 || !is_stop(world.sent) || !was_alive,
                      "a stop that was accepted is not refused");
        then.scm.rule(answer.code != 0 || was_alive || world.sent == Control::interrogate,
                      "nobody takes a control for a service that has ended");
        then.scm.rule(!(answer.for_body && stopping), "a service that stops gets no other work");
        then.scm.rule(answer.code != 0 || !is_stop(world.sent) || stopping || answer.for_body, "a stop wakes the body");
        if (answer.code == 0 && is_stop(world.sent)) then.stop_taken = true;
        if (answer.report) then.report(setting);
        then.handler = Handler::idle;
        if (answer.for_body && setting.in_handler && !is_stop(world.sent)) {
            then.handler = Handler::completing;
        } else if (answer.for_body) {
            then.waiting.push_back(world.sent);
        }
        next.emplace_back("handler", then);
    } else if (world.handler == Handler::completing) {
        then.complete(world.sent, setting);
        then.handler = Handler::idle;
        next.emplace_back("handler's callback returns", then);
    }
}

void end_steps(const World& world, const Setting& setting, Next& next) {
    for (int how = 0; how < 3; ++how) {
        World then = world;
        BodyEnd end;
        then.threw = end.threw = how == 2;
        then.failed = how == 1;
        end.service_exit_code = how == 1 ? 7 : 0;
        if (then.machine.end(end)) then.report(setting);
        then.body = Body::ended;
        next.emplace_back("body ends", then);
    }
}

// The body: it begins, becomes ready, says that it lives, accepts more, takes what waits, and ends, whenever it likes.
void body_steps(const World& world, const Setting& setting, Next& next) {
    const auto step = [&](const char* name, auto act) {
        World then = world;
        if (act(then)) then.report(setting);
        next.emplace_back(name, then);
    };
    if (world.body == Body::not_begun) {
        return step("ServiceMain begins", [](World& then) {
            then.body = Body::between;
            return then.machine.begin();
        });
    }
    if (world.body == Body::in_callback) {
        World then = world;
        then.complete(world.taken, setting);
        then.body = Body::between;
        next.emplace_back("body's callback returns", then);
        return;
    }
    if (world.body == Body::ended) {
        return step("the end comes twice", [](World& then) { return then.machine.end(BodyEnd()); });
    }
    step("ready", [](World& then) {
        then.was_ready = true;
        return then.machine.ready();
    });
    step("progress", [](World& then) {
        const std::uint32_t before = then.machine.status().checkpoint;
        const bool ticked = then.machine.progress(Duration::seconds(5));
        const ServiceStatus& now = then.machine.status();
        then.scm.rule(ticked == detail::is_pending(now.state), "what is pending can say that it lives");
        then.scm.rule(ticked == (now.checkpoint > before), "a sign of life is a checkpoint that grew");
        return ticked;
    });
    step("accept", [](World& then) {
        then.takes = then.takes | Accept::preshutdown;
        return then.machine.accept(Accept::preshutdown);
    });
    if (!world.waiting.empty()) {
        World then = world;
        then.taken = then.waiting.front();
        then.waiting.erase(then.waiting.begin());
        then.body = Body::in_callback;
        next.emplace_back("body takes a control", then);
    }
    end_steps(world, setting, next);
}

// A console's Ctrl-C, or a thread of the application that asks for the stop: at any time, also before ServiceMain.
void thread_steps(const World& world, const Setting& setting, Next& next) {
    if (world.stop_taken) return;
    World then = world;
    if (then.machine.request_stop(StopReason::interrupt)) then.report(setting);
    then.stop_taken = world.body != Body::ended;
    if (then.stop_taken) then.waiting.push_back(Control::stop);
    next.emplace_back("a thread asks for the stop", then);
}

// Without the lock, what was reported arrives in any order.
void late_steps(const World& world, Next& next) {
    for (std::size_t i = 0; i < world.late.size(); ++i) {
        World then = world;
        then.scm.report(world.late[i], world.takes);
        then.late.erase(then.late.begin() + static_cast<std::ptrdiff_t>(i));
        next.emplace_back("a report arrives", then);
    }
}

// The invariants of every state.
void judge(World& world, const Setting& setting) {
    Scm& scm = world.scm;
    const ServiceStatus& now = world.machine.status();
    const bool begun = world.body != Body::not_begun, ended = world.body == Body::ended;
    scm.rule(world.stop_taken == world.machine.stop_requested() || ended, "a stop is never lost, nor made up");
    if (begun && !ended && world.stop_taken) {
        scm.rule(now.state == ServiceState::stop_pending, "a service that was asked to stop says so until it has");
    }
    if (setting.locked) scm.rule(!begun || now.state == scm.state, "the SCM knows the state");
    if (setting.locked) scm.rule(ended == scm.stopped, "STOPPED is what the body's end reports, and nothing else");
    const bool quiet = world.waiting.empty() && world.handler == Handler::idle && world.body == Body::between;
    if (quiet) {
        const bool half_way = now.state == ServiceState::pause_pending || now.state == ServiceState::continue_pending;
        scm.rule(!half_way, "a pause and a continue come to their end");
        if (now.state == ServiceState::paused || now.state == ServiceState::running) {
            scm.rule(world.paused_last == (now.state == ServiceState::paused),
                     "the state is what the callbacks made it");
        }
    }
    if (ended) {
        const std::uint32_t code = now.exit_code;
        scm.rule(!world.threw || code == 1064, "an exception is a failure");
        if (!world.threw && world.stop_taken) scm.rule(code == 0, "a stop that was asked for is none");
        if (world.threw || world.stop_taken) return;
        const std::uint32_t expected = world.failed ? 1066 : world.was_ready ? 0 : 1067;
        scm.rule(code == expected, "a code of its own is told, and a service that was never ready has failed");
    }
}

struct Found {
    std::size_t worlds = 0, steps = 0, depth = 0;
    std::string broken; // a rule, and the way to it
};

// Breadth first, until nothing new comes: every world that can be reached at all, each by a shortest way.
Found search(const Setting& setting) {
    struct Seen {
        World world;
        std::size_t from;
        std::string by;
    };
    Found found;
    std::vector<Seen> seen = {{World(), 0, ""}};
    std::set<decltype(World().key())> keys = {World().key()};
    std::size_t end_of_depth = 1;
    for (std::size_t at = 0; at < seen.size(); ++at) {
        if (at == end_of_depth) {
            ++found.depth;
            end_of_depth = seen.size();
        }
        Next next;
        const World world = seen[at].world;
        scm_steps(world, next);
        handler_steps(world, setting, next);
        body_steps(world, setting, next);
        thread_steps(world, setting, next);
        late_steps(world, next);
        for (auto& [name, then] : next) {
            ++found.steps;
            judge(then, setting);
            const bool broken = !then.scm.broken.empty();
            if (!broken && !keys.insert(then.key()).second) continue;
            seen.push_back({then, at, name});
            if (!broken) continue;
            for (std::size_t i = seen.size() - 1; i != 0; i = seen[i].from)
                found.broken = seen[i].by + "; " + found.broken;
            found.broken = then.scm.broken + " — after: " + found.broken;
            return found;
        }
    }
    found.worlds = seen.size();
    return found;
}

} // namespace

TEST_CASE("no order of the steps of SCM, handler and body breaks a rule of the SCM") {
    for (const bool at_once : {false, true}) {
        const Found found = search({at_once, true});
        INFO(found.broken);
        CHECK(found.broken.empty());
        // All there are: the search ended because there was nothing new.
        WARN("callbacks in the " << (at_once ? "handler" : "body") << ": " << found.worlds << " states, " << found.steps
                                 << " steps between them, all within " << found.depth << " steps of the start");
        CHECK(found.worlds > 500);
        CHECK(found.depth > 10);
    }
}

TEST_CASE("without the lock the same search finds reports that overtake each other") {
    const Found found = search({false, false});
    INFO(found.broken);
    CHECK_FALSE(found.broken.empty());
}
