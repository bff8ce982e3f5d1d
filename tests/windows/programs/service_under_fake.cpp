// A Service with its Context below FakeScm, on Windows, for cases that Wine cannot show.
#define DAEMONIZE_TESTING
#include <daemonize.hpp>

#include <chrono>
#include <stdexcept>

#include "check.hpp"

using namespace daemonize;
using namespace std::chrono_literals;
using testing::FakeScm;
using testing::windows_service;

namespace {

void wait(Context& context) {
    context.ready();
    context.wait_for_stop();
}

std::string port_of(const Socket& socket) {
    unsigned char address[28] = {};
    int size = sizeof address;
    SAME(detail::winsock_functions().get_name(socket.get(), address, &size), 0);
    return std::to_string(address[2] << 8 | address[3]);
}

bool accepts(const FakeScm& scm, Accept control) { return (scm.status().accepted & control) == control; }

} // namespace

CASE(a_shutdown_says_who_and_how_long) {
    StopReason reason = StopReason::none;
    Duration left;
    Service service("Probe");
    FakeScm scm(windows_service(service, [&](Context& context) {
        wait(context);
        reason = context.stop_reason();
        left = context.stop_deadline();
        return 7;
    }));
    SAME(scm.start(), 0u);
    scm.shutdown_timeout(4s).shut_down();
    HOLDS(reason == StopReason::shutdown);
    SAME(left.seconds(), 4);
    SAME(scm.exit_code(), 0u);
    HOLDS(scm.violations().empty());
}

CASE(a_preshutdown_comes_to_who_accepts_it) {
    StopReason reason = StopReason::none;
    Duration left;
    Service service("Probe");
    service.windows([](auto& windows) { windows.accept(Accept::preshutdown); });
    FakeScm scm(windows_service(service, [&](Context& context) {
        wait(context);
        reason = context.stop_reason();
        left = context.stop_deadline();
    }));
    scm.start();
    scm.preshutdown_timeout(90s).shut_down();
    HOLDS(reason == StopReason::preshutdown);
    SAME(left.seconds(), 90);
    HOLDS(!scm.killed());
}

CASE(a_stop_of_the_operator_has_no_deadline) {
    StopReason reason = StopReason::none;
    Duration left;
    Service service("Probe");
    FakeScm scm(windows_service(service, [&](Context& context) {
        wait(context);
        reason = context.stop_reason();
        left = context.stop_deadline();
        return context.fail("nobody hears it", 3);
    }));
    scm.start();
    SAME(scm.control(Control::stop), 0u);
    HOLDS(reason == StopReason::operator_request && left == Duration::longest());
    SAME(scm.exit_code(), 0u);
    SAME(scm.log_entries().size(), 0u);
}

CASE(a_body_stops_itself) {
    Service service("Probe");
    FakeScm scm(windows_service(service, [](Context& context) {
        context.ready();
        context.stop();
        HOLDS(context.stop_requested() && !context.sleep_for(1h));
        HOLDS(context.stop_reason() == StopReason::operator_request);
        return 7;
    }));
    scm.start();
    HOLDS(scm.state() == ServiceState::stopped);
    SAME(scm.exit_code(), 0u);
}

CASE(a_failure_is_reported_once_with_its_code) {
    for (const bool ready : {false, true}) {
        Service service("Probe");
        FakeScm scm(windows_service(service, [&](Context& context) {
            if (ready) context.ready();
            return context.fail("port 80\nis taken", 3);
        }));
        scm.start();
        SAME(scm.status().exit_code, 1066u);
        SAME(scm.exit_code(), 3u);
        SAME(scm.log_entries().size(), 1u);
        SAME(scm.log_entries()[0].text, "port 80 is taken");
        SAME(scm.start_failed(), !ready);
    }
}

CASE(a_failure_is_never_a_success) {
    Service service("Probe");
    FakeScm scm(windows_service(service, [](Context& context) {
        SAME(context.fail("it says 0", 0), 1);
        return 0;
    }));
    scm.start();
    SAME(scm.exit_code(), 1u);
    Service left("Probe");
    FakeScm left_scm(windows_service(left, [] {}));
    left_scm.start();
    SAME(left_scm.exit_code(), 1067u);
    SAME(left_scm.log_entries().size(), 1u);
    Service threw("Probe");
    FakeScm threw_scm(windows_service(threw, [](Context&) { throw std::runtime_error("thrown"); }));
    threw_scm.start();
    SAME(threw_scm.exit_code(), 1064u);
    SAME(threw_scm.log_entries()[0].text, "the service failed: thrown");
}

CASE(a_reload_is_taken_by_who_can) {
    bool good = true;
    Service service("Probe");
    FakeScm scm(windows_service(service, [&](Context& context) {
        context.on_reload([&](std::string& why) { return good || (why = "no number", false); });
        wait(context);
    }));
    scm.start();
    HOLDS(accepts(scm, Accept::param_change | Accept::stop | Accept::shutdown));
    SAME(scm.control(Control::param_change), 0u);
    SAME(scm.log_entries().size(), 0u);
    good = false;
    SAME(scm.control(Control::param_change), 0u);
    SAME(scm.log_entries().size(), 1u);
    SAME(scm.log_entries()[0].text, "cannot use the new configuration: no number");
    HOLDS(scm.state() == ServiceState::running);
    Service deaf("Probe");
    FakeScm deaf_scm(windows_service(deaf, wait));
    deaf_scm.start();
    SAME(deaf_scm.control(Control::param_change), 1052u);
}

CASE(a_callback_set_while_it_runs_is_accepted_then) {
    Service service("Probe");
    FakeScm scm(windows_service(service, [](Context& context) {
        context.ready();
        HOLDS(context.sleep_for(1s));
        context.on_reload([] {});
        context.wait_for_stop();
    }));
    scm.start();
    HOLDS(!accepts(scm, Accept::param_change));
    scm.advance(1s);
    HOLDS(accepts(scm, Accept::param_change));
    SAME(scm.history().size(), 3u);
    HOLDS(scm.violations().empty());
}

CASE(a_paused_service_sleeps_on) {
    int paused = 0, continued = 0, worked = 0;
    Service service("Probe");
    FakeScm scm(windows_service(service, [&](Context& context) {
        context.on_pause([&] { ++paused; }).on_continue([&] { ++continued; });
        context.ready();
        while (context.sleep_for(10s)) ++worked;
        HOLDS(!context.paused());
    }));
    scm.start();
    SAME(scm.control(Control::pause), 0u);
    HOLDS(scm.state() == ServiceState::paused);
    scm.advance(60s);
    SAME(worked, 0);
    SAME(scm.control(Control::resume), 0u);
    HOLDS(scm.state() == ServiceState::running && paused == 1 && continued == 1);
    scm.advance(10s);
    HOLDS(worked > 0);
}

CASE(logs_are_reopened_by_a_control) {
    int reopened = 0;
    Service service("Probe");
    FakeScm scm(windows_service(service, [&](Context& context) {
        context.on_reopen_logs([&] { ++reopened; });
        wait(context);
    }));
    scm.start();
    SAME(scm.control(user_control(Context::reopen_logs_control)), 0u);
    SAME(reopened, 1);
}

CASE(what_windows_took_for_itself_stays) {
    int own = 0;
    Service service("Probe");
    service.windows([&](auto& windows) { windows.on_param_change([&] { ++own; }); });
    FakeScm scm(windows_service(service, [](Context& context) {
        context.on_reload([]() -> bool { return false; });
        wait(context);
    }));
    scm.start();
    scm.control(Control::param_change);
    SAME(own, 1);
    SAME(scm.log_entries().size(), 0u);
}

CASE(arguments_of_the_start_come_first) {
    std::vector<std::string> seen;
    Service service("Probe");
    service.instance_name("eu");
    FakeScm scm(windows_service(service,
                                [&](Context& context) {
                                    seen = context.arguments();
                                    SAME(context.name(), "Probe@eu");
                                    SAME(context.service().name(), "Probe@eu");
                                    wait(context);
                                },
                                {"of", "the line"}));
    const auto start = [&](const std::vector<std::string>& arguments) {
        scm.start(arguments);
        scm.control(Control::stop);
        return seen;
    };
    HOLDS(start({}) == std::vector<std::string>({"of", "the line"}));
    HOLDS(start({"of the start"}) == std::vector<std::string>({"of the start"}));
}

CASE(progress_is_a_checkpoint) {
    Service service("Probe");
    FakeScm scm(windows_service(service, [](Context& context) {
        context.progress("reading", 90s);
        HOLDS(context.sleep_for(60s));
        wait(context);
    }));
    scm.start();
    SAME(scm.progress_texts().size(), 1u);
    SAME(scm.status().wait_hint.seconds(), 90);
    scm.advance(60s);
    HOLDS(!scm.hung() && scm.state() == ServiceState::running);
}

// Without a time of its own it is the service's: 0 would have it count as hung at once.
CASE(progress_without_a_time_has_the_wait_hint) {
    Service service("Probe");
    service.windows([](auto& windows) { windows.wait_hint(7s); });
    FakeScm scm(windows_service(service, [](Context& context) {
        context.progress("reading");
        wait(context);
    }));
    scm.start();
    HOLDS(scm.history()[1].status.state == ServiceState::start_pending);
    SAME(scm.history()[1].status.checkpoint, 2u);
    SAME(scm.history()[1].status.wait_hint.seconds(), 7);
}

CASE(callbacks_run_on_the_bodys_thread) {
    DWORD body = 0, callback = 0;
    Service service("Probe");
    FakeScm scm(windows_service(service, [&](Context& context) {
        body = ::GetCurrentThreadId();
        context.on_pause([&] { callback = ::GetCurrentThreadId(); });
        wait(context);
    }));
    scm.start();
    SAME(scm.control(Control::pause), 0u);
    HOLDS(body != 0 && body != ::GetCurrentThreadId());
    SAME(callback, body);
}

CASE(a_socket_that_is_taken_fails_the_start) {
    Failure failure;
    const Socket all = listen_on("all", "127.0.0.1:0", failure);
    HOLDS(!failure && all.kind() == SocketKind::listening);
    SAME(all.family(), 2);
    SAME(all.name(), "all");
    SAME(listen_on("six", "[::1]:0", failure).family(), 23);
    SAME(failure.message(), "");
    HOLDS(listen_on("every", "*:0", failure).kind() == SocketKind::listening);
    HOLDS(listen_on("words", "udp:127.0.0.1:0", failure).kind() == SocketKind::datagram);
    for (const char* wrong : {"/run/x.sock", "@x", "127.0.0.1", "localhost:80", "1.2.3.4.5:80", "[::1:80",
                              "[::1%lo]:80", "127.0.0.1:65536", ""}) {
        const Socket none = listen_on("bad", wrong, failure);
        HOLDS(!none && failure.stage() == Stage::sockets && failure.exit_code() == 67);
        const bool alone =
            failure.message().find("a service of Windows listens at internet addresses only") != std::string::npos;
        SAME(alone, *wrong == '/' || *wrong == '@');
    }
    const std::string port = port_of(all);
    Service service("Probe");
    service.listen("web", "127.0.0.1:" + port);
    FakeScm scm(windows_service(service, wait));
    scm.start();
    SAME(scm.exit_code(), 67u);
    SAME(scm.log_entries().size(), 1u);
    HOLDS(scm.log_entries()[0].text.find("cannot use the socket web 127.0.0.1:" + port + ": ") == 0);
}

CASE(sockets_are_the_bodys_to_take) {
    Service service("Probe");
    service.listen("web", "127.0.0.1:0").listen("query", "udp:127.0.0.1:0");
    FakeScm scm(windows_service(service, [](Context& context) {
        SAME(context.sockets().size(), 2u);
        SAME(context.sockets()[1].name(), "query");
        Socket web = std::move(context.sockets()[0]);
        HOLDS(web && !context.sockets()[0]);
        const std::uintptr_t number = web.release();
        HOLDS(!web);
        HOLDS(Socket(number, "again").kind() == SocketKind::listening);
        DWORD flags = HANDLE_FLAG_INHERIT;
        HOLDS(::GetHandleInformation(reinterpret_cast<HANDLE>(context.sockets()[1].get()), &flags));
        SAME(flags & HANDLE_FLAG_INHERIT, 0u);
        wait(context);
    }));
    scm.start();
    HOLDS(scm.state() == ServiceState::running);
}

CASE(a_socket_goes_with_its_owner) {
    Failure failure;
    const std::string port = port_of(listen_on("web", "127.0.0.1:0", failure));
    HOLDS(listen_on("web", "127.0.0.1:" + port, failure).kind() == SocketKind::listening);
}

CASE(every_address_is_of_both_families) {
    const detail::Winsock& calls = detail::winsock_functions();
    const auto v6_only = [&](const char* address) {
        Failure failure;
        const Socket socket = listen_on("web", address, failure);
        int value = 0; // of which one byte is written
        int size = sizeof value;
        SAME(calls.get_option(socket.get(), detail::winsock::level_ipv6, detail::winsock::v6_only,
                              reinterpret_cast<char*>(&value), &size),
             0);
        return value;
    };
    SAME(v6_only("*:0"), 0);
    SAME(v6_only("[::1]:0"), 1);
}

CASE(why_there_is_no_socket_is_the_first_error) {
    constexpr DWORD too_many_open = 10024; // WSAEMFILE
    detail::Winsock calls = detail::winsock_functions();
    calls.open = [](int, int, int, void*, unsigned, DWORD) WINAPI {
        ::SetLastError(too_many_open);
        return detail::winsock::no_socket;
    };
    detail::WinsockAddress address;
    address.set(detail::winsock::ipv4, 0);
    DWORD error = NO_ERROR;
    HOLDS(!detail::open_listening(calls, detail::ListenText(), address, "web", error));
    SAME(error, too_many_open);
}

CASE(directories_are_made_for_the_service_alone) {
    Service service("daemonize-Проба");
    // The files that an interrupted run has left.
    static_cast<void>(
        ::DeleteFileW((detail::data_directory(false) + detail::widen("\\daemonize-Проба\\state")).c_str()));
    std::string state;
    FakeScm scm(windows_service(service, [&](Context& context) {
        state = context.state_directory();
        const char* const given = context.log_directory().c_str();
        HOLDS(context.log_directory().c_str() == given); // what it gave stays where it is
        HOLDS(!context.runtime_directory().empty() && !context.log_directory().empty());
        wait(context);
    }));
    scm.start();
    HOLDS(state.find("\\daemonize-Проба\\state") != std::string::npos);
    const std::wstring path = detail::widen(state);
    const DWORD attributes = ::GetFileAttributesW(path.c_str());
    HOLDS(attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
    scm.control(Control::stop);
    scm.start(); // they are there already
    HOLDS(!state.empty());
    scm.control(Control::stop);
    // A file in its place.
    HOLDS(::RemoveDirectoryW(path.c_str()));
    const HANDLE file = ::CreateFileW(path.c_str(), GENERIC_WRITE, 0, nullptr, CREATE_NEW, 0, nullptr);
    HOLDS(file != INVALID_HANDLE_VALUE);
    ::CloseHandle(file);
    scm.start();
    SAME(state, "");
    SAME(scm.log_entries().size(), 1u);
    HOLDS(scm.log_entries()[0].text.find("cannot make the state directory ") == 0);
    HOLDS(::DeleteFileW(path.c_str()));
}

int main(int count, char** values) { return test::run(count, values); }
