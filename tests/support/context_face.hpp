// The functions that Context on POSIX, Context on Windows and WinService::Context have in common: a body that calls
// them, and a check of their signatures.
#ifndef DAEMONIZE_TESTS_SUPPORT_CONTEXT_FACE_HPP
#define DAEMONIZE_TESTS_SUPPORT_CONTEXT_FACE_HPP

#include <daemonize.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace test {

// The signature of a member function without noexcept.
template <class Function>
struct Signature;
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...)> {
    using type = Result(Arguments...);
};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...) noexcept> {
    using type = Result(Arguments...);
};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...) const> {
    using type = Result(Arguments...) const;
};
template <class Class, class Result, class... Arguments>
struct Signature<Result (Class::*)(Arguments...) const noexcept> {
    using type = Result(Arguments...) const;
};

template <class Expected, class Function>
constexpr bool has_signature(Function) {
    return std::is_same<typename Signature<Function>::type, Expected>::value;
}

template <class Context>
constexpr void check_face() {
    using daemonize::Duration;
    using daemonize::Severity;
    static_assert(has_signature<void()>(&Context::ready), "ready");
    static_assert(has_signature<void(const std::string&, Duration)>(&Context::progress), "progress");
    static_assert(has_signature<int(std::string, int)>(&Context::fail), "fail");
    static_assert(has_signature<void(Severity, const std::string&) const>(&Context::log), "log");
    static_assert(has_signature<bool(Duration)>(&Context::sleep_for), "sleep_for");
    static_assert(has_signature<void()>(&Context::wait_for_stop), "wait_for_stop");
    static_assert(has_signature<bool()>(&Context::poll), "poll");
    static_assert(has_signature<bool() const>(&Context::stop_requested), "stop_requested");
    static_assert(has_signature<void()>(&Context::stop), "stop");
    static_assert(has_signature<daemonize::StopReason() const>(&Context::stop_reason), "stop_reason");
    static_assert(has_signature<Duration() const>(&Context::stop_deadline), "stop_deadline");
    static_assert(has_signature<bool() const>(&Context::paused), "paused");
    static_assert(has_signature<const std::vector<std::string>&() const>(&Context::arguments), "arguments");
    static_assert(has_signature<const std::string&() const>(&Context::name), "name");
    static_assert(
        noexcept(std::declval<Context&>().stop())&& noexcept(std::declval<const Context&>().stop_requested())&& noexcept(
            std::declval<const Context&>()
                .stop_reason())&& noexcept(std::declval<const Context&>()
                                               .stop_deadline())&& noexcept(std::declval<const Context&>()
                                                                                .paused())&& noexcept(std::declval<const Context&>()
                                                                                                          .arguments())&& noexcept(std::declval<const Context&>()
                                                                                                                                       .name())&& noexcept(std::
                                                                                                                                                               declval<
                                                                                                                                                                   const Context&>()
                                                                                                                                                                   .native_handle()),
        "queries do not throw");
}

// A body that stops itself. Returns the same text on every host.
template <class Context>
std::string run_face(Context& context) {
    check_face<Context>();
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
