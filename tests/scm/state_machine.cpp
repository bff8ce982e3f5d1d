// The state machine of a service against a table of its rules, over every sequence of up to six events, and longer
// sequences.
#include <daemonize.hpp>

#include <cstring>
#include <random>

#include "support/catch.hpp"

using namespace daemonize;
using detail::BodyEnd;
using detail::ControlAnswer;
using detail::ServiceMachine;

namespace {

// Rows: not begun, start pending, running, pause pending, paused (H), continue pending, stop pending (T), stopped (X),
// and not begun with a stop waiting (V).
constexpr char states[] = "UPRAHCTXV";

struct Rule {
    const char* name;
    const char* cells[9]; // next state, "+" for a report, and a control's answer: o, n (120), a (1061), x (1062)
};

constexpr Rule rules[] = {
    {"begin", {"P+", "P-", "R-", "A-", "H-", "C-", "T-", "X-", "T+"}},
    {"ready", {"U-", "R+", "R-", "A-", "H-", "C-", "T-", "X-", "V-"}},
    {"progress", {"U-", "P+", "R-", "A+", "H-", "C+", "T+", "X-", "V-"}},
    {"paused", {"U-", "P-", "R-", "H+", "H-", "C-", "T-", "X-", "V-"}},
    {"continued", {"U-", "P-", "R-", "A-", "H-", "R+", "T-", "X-", "V-"}},
    {"interrupt", {"V-", "T+", "T+", "T+", "T+", "T+", "T-", "X-", "V-"}},
    {"stop", {"U-x", "T+o", "T+o", "T+o", "T+o", "T+o", "T-o", "X-x", "V-x"}},
    {"shutdown", {"U-x", "T+o", "T+o", "T+o", "T+o", "T+o", "T-o", "X-x", "V-x"}},
    {"preshutdown, not accepted", {"U-x", "P-n", "R-n", "A-n", "H-n", "C-n", "T-n", "X-x", "V-x"}},
    {"pause", {"U-x", "P-a", "A+o", "A-o", "H-o", "A+o", "T-a", "X-x", "V-x"}},
    {"resume", {"U-x", "P-a", "R-o", "C+o", "C+o", "C-o", "T-a", "X-x", "V-x"}},
    {"interrogate", {"U-o", "P+o", "R+o", "A+o", "H+o", "C+o", "T+o", "X-o", "V-o"}},
    {"user control", {"U-x", "P-a", "R-o", "A-o", "H-o", "C-o", "T-a", "X-x", "V-x"}},
    {"user control, no handler", {"U-x", "P-n", "R-n", "A-n", "H-n", "C-n", "T-n", "X-x", "V-x"}},
    {"end with 0", {"U-", "X+", "X+", "X+", "X+", "X+", "X+", "X-", "V-"}},
    {"end with 7", {"U-", "X+", "X+", "X+", "X+", "X+", "X+", "X-", "V-"}},
    {"end by a throw", {"U-", "X+", "X+", "X+", "X+", "X+", "X+", "X-", "V-"}},
};
constexpr int rule_count = static_cast<int>(sizeof rules / sizeof rules[0]);
constexpr int first_control = 6;
constexpr int interrogate = 11;
constexpr int user_control_handled = 12;
constexpr int first_end = 14;

constexpr Accept accepted = Accept::stop | Accept::shutdown | Accept::pause_continue;
constexpr Duration hint = Duration::seconds(20);

ServiceMachine new_machine() { return ServiceMachine(ServiceType::own_process, accepted, hint); }

BodyEnd body_end(int event) {
    BodyEnd end;
    end.threw = event == first_end + 2;
    end.service_exit_code = event == first_end + 1 ? 7 : 0;
    return end;
}

// The result of the machine: whether to report, and the answer to a control.
ControlAnswer apply(ServiceMachine& machine, int event) {
    ControlAnswer answer;
    switch (event) {
    case 0: answer.report = machine.begin(); break;
    case 1: answer.report = machine.ready(); break;
    case 2: answer.report = machine.progress(Duration::seconds(9)); break;
    case 3: answer.report = machine.paused(); break;
    case 4: answer.report = machine.continued(); break;
    case 5: answer.report = machine.request_stop(StopReason::interrupt); break;
    case 6: return machine.control(Control::stop, false);
    case 7: return machine.control(Control::shutdown, false);
    case 8: return machine.control(Control::preshutdown, true);
    case 9: return machine.control(Control::pause, false);
    case 10: return machine.control(Control::resume, false);
    case 11: return machine.control(Control::interrogate, false);
    case 12: return machine.control(user_control(130), true);
    case 13: return machine.control(user_control(131), false);
    default: answer.report = machine.end(body_end(event)); break;
    }
    return answer;
}

struct Model {
    int state = 0; // an index into `states`
    std::uint32_t checkpoint = 0;
    std::uint32_t exit_code = 0;
    StopReason reason = StopReason::none;
};

constexpr ServiceState real_states[] = {
    ServiceState::stopped,       ServiceState::start_pending, ServiceState::running,
    ServiceState::pause_pending, ServiceState::paused,        ServiceState::continue_pending,
    ServiceState::stop_pending,  ServiceState::stopped,       ServiceState::stopped};

std::uint32_t answer_code(char letter) {
    switch (letter) {
    case 'n': return 120;
    case 'a': return 1061;
    case 'x': return 1062;
    default: return 0;
    }
}

std::uint32_t expected_exit(char before, int event) {
    if (event == first_end + 2) return 1064;
    if (before == 'T') return 0;
    if (event == first_end + 1) return 1066;
    return before == 'P' ? 1067 : 0;
}

// The body gets the controls that change the state, and the controls with a handler.
bool is_for_body(const char* cell, int event) {
    if (event < first_control || event >= first_end || cell[2] != 'o' || event == interrogate) return false;
    return cell[1] == '+' || event == user_control_handled;
}

// One event in both; true where they agree in everything that can be seen.
bool step(ServiceMachine& machine, Model& model, int event) {
    const char* cell = rules[event].cells[model.state];
    const char before = states[model.state];
    const int next = static_cast<int>(std::strchr(states, cell[0]) - states);
    const ControlAnswer answer = apply(machine, event);
    if (event == 2 && cell[1] == '+') {
        ++model.checkpoint;
    } else if (next != model.state) {
        model.checkpoint = std::strchr("PACT", states[next]) != nullptr ? 1 : 0;
    }
    if (next != model.state && (states[next] == 'V' || (states[next] == 'T' && before != 'V'))) {
        model.reason = event == 5   ? StopReason::interrupt
                       : event == 6 ? StopReason::operator_request
                                    : StopReason::shutdown;
    }
    if (next != model.state && states[next] == 'X') model.exit_code = expected_exit(before, event);
    model.state = next;

    const ServiceStatus& status = machine.status();
    const bool takes = std::strchr("RAHC", states[next]) != nullptr;
    bool same = answer.report == (cell[1] == '+');
    same = same && (event < first_control || event >= first_end || answer.code == answer_code(cell[2]));
    same = same && answer.for_body == is_for_body(cell, event);
    same = same && status.state == real_states[next] && status.checkpoint == model.checkpoint;
    same = same && status.accepted == (takes ? accepted : Accept::none);
    same = same && (status.wait_hint == Duration()) == (model.checkpoint == 0);
    same = same && status.exit_code == model.exit_code;
    same = same && status.service_exit_code == (model.exit_code == 1066 ? 7u : 0u);
    return same && machine.stop_reason() == model.reason;
}

// Depth first: every sequence is one path. The number of sequences seen; stops at the first that differs.
// NOLINTNEXTLINE(misc-no-recursion): six deep, by its own count
long explore(const ServiceMachine& machine, const Model& model, int depth, std::string& path) {
    long count = 0;
    for (int event = 0; event < rule_count; ++event) {
        ServiceMachine next_machine = machine;
        Model next_model = model;
        const std::size_t length = path.size();
        path += std::string(rules[event].name) + "; ";
        if (!step(next_machine, next_model, event)) FAIL("differs from the rules after: " << path);
        count += 1 + (depth > 1 ? explore(next_machine, next_model, depth - 1, path) : 0);
        path.resize(length);
    }
    return count;
}

} // namespace

TEST_CASE("a control, a severity and a kind of socket have the name of their enumerator as a text") {
    const char* const controls[] = {"unknown",
                                    "stop",
                                    "pause",
                                    "resume",
                                    "interrogate",
                                    "shutdown",
                                    "param_change",
                                    "netbind_add",
                                    "netbind_remove",
                                    "netbind_enable",
                                    "netbind_disable",
                                    "device_event",
                                    "hardware_profile_change",
                                    "power_event",
                                    "session_change",
                                    "preshutdown",
                                    "time_change",
                                    "unknown"};
    for (std::uint32_t number = 0; number < 18; ++number) {
        CHECK(std::string(to_string(static_cast<Control>(number))) == controls[number]);
    }
    CHECK(to_string(Control::trigger_event) == std::string("trigger_event"));
    CHECK(to_string(Control::user_mode_reboot) == std::string("user_mode_reboot"));
    CHECK(to_string(daemonize::user_control(127)) == std::string("unknown"));
    CHECK(to_string(daemonize::user_control(128)) == std::string("user"));
    CHECK(to_string(daemonize::user_control(256)) == std::string("unknown"));
    const char* const severities[] = {"information", "warning", "failure", "unknown"};
    const char* const kinds[] = {"listening", "connected", "datagram", "other", "unknown"};
    for (int number = 0; number < 4; ++number) {
        CHECK(std::string(to_string(static_cast<daemonize::Severity>(number))) == severities[number]);
    }
    for (int number = 0; number < 5; ++number) {
        CHECK(std::string(to_string(static_cast<daemonize::SocketKind>(number))) == kinds[number]);
    }
}

TEST_CASE("every state has its word, and every step with a service its words and its exit code") {
    const char* const names[] = {"unknown",          "stopped",       "start_pending", "stop_pending", "running",
                                 "continue_pending", "pause_pending", "paused",        "unknown"};
    for (std::uint32_t number = 0; number < 9; ++number) {
        CHECK(std::string(to_string(static_cast<ServiceState>(number))) == names[number]);
    }
    const char* const reasons[] = {"none",      "operator_request", "shutdown",   "preshutdown",
                                   "interrupt", "logoff",           "supervisor", "unknown"};
    for (int number = 0; number < 8; ++number) {
        CHECK(std::string(to_string(static_cast<StopReason>(number))) == reasons[number]);
    }
    const struct {
        Stage stage;
        int code;
        const char* message;
    } steps[] = {
        {Stage::dispatcher, 80, "reach the service control manager for"},
        {Stage::service_manager, 81, "open the service control manager"},
        {Stage::service_open, 82, "open the service"},
        {Stage::service_install, 83, "install the service"},
        {Stage::service_configure, 84, "configure the service"},
        {Stage::service_uninstall, 85, "uninstall the service"},
        {Stage::service_start, 86, "start the service"},
        {Stage::service_stop, 87, "stop the service"},
        {Stage::service_control, 88, "send a control to the service"},
        {Stage::service_query, 89, "query the service"},
        {Stage::service_wait, 90, "wait for the service"},
        {Stage::event_log, 91, "write to the log"},
    };
    for (const auto& step : steps) {
        CHECK(exit_code(step.stage) == step.code);
        CHECK(Failure(step.stage, std::error_code(), "it", "so").message() ==
              std::string("cannot ") + step.message + " it: so");
    }
}

TEST_CASE("the state machine follows its rules over every sequence of up to six events") {
    std::string path;
    long expected = 0;
    for (int length = 1, power = 1; length <= 6; ++length) expected += power *= rule_count;
    CHECK(explore(new_machine(), Model(), 6, path) == expected);
}

TEST_CASE("the state machine follows its rules over long random sequences") {
    // NOLINTNEXTLINE(cert-msc32-c,cert-msc51-cpp): a failure is to come again
    std::mt19937 random(20260101);
    for (int round = 0; round < 20000; ++round) {
        ServiceMachine machine = new_machine();
        Model model;
        for (int length = 0; length < 60; ++length) {
            // Ends are rare, or no sequence would be long.
            const int event =
                random() % 16 == 0 ? static_cast<int>(random() % rule_count) : static_cast<int>(random() % first_end);
            INFO("round " << round << ", event " << length << ": " << rules[event].name);
            if (!step(machine, model, event)) FAIL("differs from the rules");
        }
    }
}

TEST_CASE("every acceptable control needs its own bit of the mask, and nothing else") {
    constexpr struct {
        Control control;
        Accept bit;
    } table[] = {{Control::stop, Accept::stop},
                 {Control::pause, Accept::pause_continue},
                 {Control::resume, Accept::pause_continue},
                 {Control::shutdown, Accept::shutdown},
                 {Control::param_change, Accept::param_change},
                 {Control::netbind_add, Accept::netbind_change},
                 {Control::netbind_remove, Accept::netbind_change},
                 {Control::netbind_enable, Accept::netbind_change},
                 {Control::netbind_disable, Accept::netbind_change},
                 {Control::hardware_profile_change, Accept::hardware_profile_change},
                 {Control::power_event, Accept::power_event},
                 {Control::session_change, Accept::session_change},
                 {Control::preshutdown, Accept::preshutdown},
                 {Control::time_change, Accept::time_change},
                 {Control::trigger_event, Accept::trigger_event},
                 {Control::user_mode_reboot, Accept::user_mode_reboot}};
    for (const auto& row : table) {
        for (std::uint32_t bit = 1; bit <= 0x800; bit <<= 1) {
            ServiceMachine machine(ServiceType::own_process, static_cast<Accept>(bit), hint);
            machine.begin();
            machine.ready();
            const bool own = static_cast<Accept>(bit) == row.bit;
            CHECK(machine.control(row.control, true).code == (own ? 0u : 120u));
        }
    }
}

TEST_CASE("what the body takes is told once it is taken, and only what is new is reported") {
    ServiceMachine machine(ServiceType::own_process, Accept::stop, hint);
    CHECK_FALSE(machine.accept(Accept::shutdown)); // not begun
    machine.begin();
    CHECK_FALSE(machine.accept(Accept::param_change)); // a start accepts nothing yet
    machine.ready();
    CHECK(machine.status().accepted == (Accept::stop | Accept::shutdown | Accept::param_change));
    CHECK_FALSE(machine.accept(Accept::shutdown | Accept::stop));
    CHECK(machine.accept(Accept::shutdown | Accept::pause_continue));
    CHECK(machine.status().accepted ==
          (Accept::stop | Accept::shutdown | Accept::param_change | Accept::pause_continue));
    machine.end(BodyEnd());
    CHECK_FALSE(machine.accept(Accept::power_event));
    CHECK(machine.status().accepted == Accept::none);
}
