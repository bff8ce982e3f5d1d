// One body runs with Context, and with WinService::Context.
#include "support/context_face.hpp"
#include "support/catch.hpp"
#include "support/service_program.hpp"

using daemonize::WinService;
using daemonize::testing::FakeScm;

namespace {

const std::string seen_on_every_host = "tested none one two polled endless stopped operator_request 3";

} // namespace

TEST_CASE("a body for every host sees the same by Context and by WinService::Context") {
    const test::Said said = test::run(test::program([](daemonize::Context& context) {
                                          std::fputs(test::run_face(context).c_str(), stdout);
                                          return 0;
                                      }),
                                      {"run", "one", "two"});
    CHECK(said.output == seen_on_every_host);
    CHECK(said.code == 0);

    std::string seen;
    WinService service("tested");
    service.body([&](WinService::Context& context) { seen = test::run_face(context); });
    FakeScm scm(service);
    scm.start({"one", "two"});
    CHECK(seen == seen_on_every_host);
}
