// Calls that fail, or succeed without an effect, while a daemon's capabilities are set.
#include "support/abilities.hpp"
#include "support/seam.hpp"

#include "support/process.hpp"

#include <linux/capability.h>
#include <string>
#include <sys/syscall.h>

using daemonize::Daemonizer;
using daemonize::Failure;

namespace {

bool is_about_capabilities(const seam::Call& call) {
    if (call.is("prctl")) return true;
    return call.is("syscall") && (call.arguments[0] == SYS_capget || call.arguments[0] == SYS_capset);
}

// The failure of a launch in which `hook` answers the daemon's calls about capabilities; empty if the launch succeeds.
Failure failure_with(const seam::Hook& hook) {
    const test::Orphanage orphans;
    const seam::Injection injection([&](const seam::Call& call, seam::Answer& answer) {
        return call.process == seam::daemon && is_about_capabilities(call) && hook(call, answer);
    });
    const Failure failure = Daemonizer("capable")
                                .user(test::nobody)
                                .group(test::nobody)
                                .keep_capabilities({CAP_KILL})
                                .ambient_capabilities({CAP_NET_BIND_SERVICE})
                                .wait_until_ready()
                                .launch([](daemonize::Daemon& daemon) { daemon.ready(); })
                                .failure();
    orphans.wait_until_empty();
    return failure;
}

} // namespace

TEST_CASE("each failing call about capabilities fails the start") {
    NEEDS(other_users());
    NEEDS(ambient_capabilities());
    int failing = 1;
    for (;; ++failing) {
        int count = 0;
        const Failure failure = failure_with([&](const seam::Call& call, seam::Answer& answer) {
            return ++count == failing && seam::fail(call, EPERM, answer);
        });
        if (!failure) break;
        INFO(failing << ": " << failure.message());
        const std::string message = failure.message();
        const std::string reason = ": Operation not permitted";
        CHECK((message == "cannot become the user nobody" + reason ||
               message == "cannot keep the capabilities CAP_KILL CAP_NET_BIND_SERVICE" + reason ||
               message == "cannot keep the capabilities CAP_NET_BIND_SERVICE" + reason));
    }
    CHECK(failing ==
          7); // six calls: the flag twice, capset, the ambient one, capget and the question for the ambient one
}

TEST_CASE("capabilities that did not change as they were asked to fail the start") {
    NEEDS(root());
    NEEDS(other_users());
    NEEDS(ambient_capabilities());
    const std::string message =
        "cannot keep the capabilities CAP_KILL CAP_NET_BIND_SERVICE: the daemon has other capabilities";
    const auto without_effect = [](const char* name, long number) {
        return [=](const seam::Call& call, seam::Answer& answer) {
            answer = {0, 0};
            return call.is(name) && call.arguments[0] == number;
        };
    };
    // Without the ambient set only the inheritable one is as asked.
    CHECK(failure_with([](const seam::Call& call, seam::Answer& answer) {
              answer = {0, 0};
              return call.is("prctl") && call.arguments[0] == PR_CAP_AMBIENT &&
                     call.arguments[1] == PR_CAP_AMBIENT_RAISE;
          }).message() == message);
    // The permitted set is root's, and the effective one is empty.
    CHECK(failure_with([&](const seam::Call& call, seam::Answer& answer) {
              if (call.is("prctl") && call.arguments[0] == PR_CAP_AMBIENT) {
                  answer = {call.arguments[1] == PR_CAP_AMBIENT_IS_SET ? 1 : 0, 0};
                  return true;
              }
              return without_effect("syscall", SYS_capset)(call, answer);
          }).message() == message);
}
