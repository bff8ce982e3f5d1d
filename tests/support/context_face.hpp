// The functions that Context on POSIX, Context on Windows and WinService::Context have in common: a body that calls
// them, and a check of their types.
#ifndef DAEMONIZE_TESTS_SUPPORT_CONTEXT_FACE_HPP
#define DAEMONIZE_TESTS_SUPPORT_CONTEXT_FACE_HPP

#include <daemonize.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace test {

// Whether the type of the member function is `Function Class::*`. The type includes const and noexcept.
template <class Function, class Class, class Member>
constexpr bool has_type(Member Class::*) {
    return std::is_same<Function, Member>::value;
}

// Compiles if one of the overloads of the member function has the type `Function Class::*`.
template <class Function, class Class>
constexpr bool has_overload(Function Class::*) {
    return true;
}

template <class Context>
constexpr void check_face() {
    using daemonize::Duration;
    using daemonize::Severity;
    static_assert(has_type<void()>(&Context::ready), "ready");
    static_assert(has_overload<void(const std::string&, Duration) noexcept>(&Context::progress), "progress");
    static_assert(has_type<int(daemonize::Text, int) noexcept>(&Context::fail), "fail");
    static_assert(has_overload<void(Severity, const std::string&) const noexcept>(&Context::log), "log");
    static_assert(has_type<bool(Duration)>(&Context::sleep_for), "sleep_for");
    static_assert(has_type<void()>(&Context::wait_for_stop), "wait_for_stop");
    static_assert(has_type<bool()>(&Context::poll), "poll");
    static_assert(has_type<bool() const noexcept>(&Context::stop_requested), "stop_requested");
    static_assert(has_type<void() noexcept>(&Context::stop), "stop");
    static_assert(has_type<daemonize::StopReason() const noexcept>(&Context::stop_reason), "stop_reason");
    static_assert(has_type<Duration() const noexcept>(&Context::stop_deadline), "stop_deadline");
    static_assert(has_type<bool() const noexcept>(&Context::paused), "paused");
    static_assert(has_type<const std::vector<std::string>&() const noexcept>(&Context::arguments), "arguments");
    static_assert(has_type<const std::string&() const noexcept>(&Context::name), "name");
    // An int on POSIX, a HANDLE on Windows.
    static_assert(noexcept(std::declval<const Context&>().native_handle()), "native_handle");
}

// The functions that Context has on POSIX and on Windows, and WinService::Context has not.
constexpr void check_service_face() {
    using daemonize::Context;
    static_assert(has_overload<void(const std::string&) noexcept>(&Context::status), "status");
    static_assert(has_type<std::vector<daemonize::Socket>&() noexcept>(&Context::sockets), "sockets");
    static_assert(has_type<const std::string&() const>(&Context::runtime_directory), "runtime_directory");
    static_assert(has_type<const std::string&() const>(&Context::state_directory), "state_directory");
    static_assert(has_type<const std::string&() const>(&Context::log_directory), "log_directory");
    static_assert(has_type<const daemonize::Host&() const noexcept>(&Context::host), "host");
}

// A body that stops itself. Returns the same text on every host.
template <class Context>
std::string run_face(Context& context) {
    check_face<Context>();
    check_service_face();
    std::string seen = context.name() + " " + to_string(context.stop_reason());
    context.progress("starting");
    context.progress("starting", daemonize::Duration::seconds(1));
    context.ready();
    context.log(daemonize::Severity::information, "up");
    for (const std::string& argument : context.arguments()) seen += " " + argument;
    static_cast<void>(context.native_handle());
    if (context.poll() && !context.paused() && context.sleep_for(daemonize::Duration())) seen += " polled";
    if (context.stop_deadline() == daemonize::Duration::longest()) seen += " endless";
    context.stop();
    context.wait_for_stop();
    if (context.stop_requested() && !context.poll()) seen += " stopped";
    return seen + " " + to_string(context.stop_reason()) + " " + std::to_string(context.fail("unused", 3));
}

} // namespace test

#endif
