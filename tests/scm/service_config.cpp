// An invalid name or configuration of a service is refused before any call of Windows.
#include <daemonize.hpp>

#include "support/catch.hpp"

using namespace daemonize;
using detail::check_service_config;

TEST_CASE("a service's name has 1 to 256 characters and no slashes, counted as Windows counts") {
    CHECK_FALSE(detail::check_service_name("plain"));
    CHECK_FALSE(detail::check_service_name(std::string(256, 'x')));
    std::string cyrillic;
    for (int i = 0; i < 256; ++i) cyrillic += "\xd0\xb6";
    CHECK_FALSE(detail::check_service_name(cyrillic));
    for (const std::string& name : {std::string(), std::string(257, 'x'), cyrillic + "x", std::string("a/b"),
                                    std::string("a\\b"), std::string("a\0b", 3)}) {
        const Failure failure = detail::check_service_name(name);
        CHECK(failure.stage() == Stage::options);
        CHECK(failure.code().value() == 123);
        CHECK(failure.message().find("the service name") != std::string::npos);
    }
    CHECK(detail::check_service_name(std::string(257, 'x')).message().find(" \"" + std::string(64, 'x') + "\"") !=
          std::string::npos);
}

TEST_CASE("a configuration that contradicts itself is refused, with the service's name") {
    ServiceConfig good;
    good.dependencies = {"Tcpip"};
    good.failure_actions = {{FailureAction::Type::restart, Duration::seconds(1)}};
    CHECK_FALSE(check_service_config("plain", good));
    const auto refused = [](const ServiceConfig& config) {
        const Failure failure = check_service_config("plain", config);
        return failure.stage() == Stage::options && failure.code().value() == 87 &&
               failure.message().find("the service plain") != std::string::npos;
    };
    ServiceConfig config = good;
    config.program = "C:\\a\"b.exe";
    CHECK(refused(config));
    config = good;
    config.display_name = std::string(256, 'x');
    CHECK_FALSE(check_service_config("plain", config));
    config.display_name += 'x';
    CHECK(refused(config));
    config = good;
    config.dependencies.emplace_back();
    CHECK(refused(config));
    config = good;
    config.failure_actions[0].type = FailureAction::Type::run_command;
    CHECK(refused(config));
    config = good;
    config.failure_actions[0].after = Duration::seconds(-1);
    CHECK(refused(config));
    config.failure_actions[0].after = Duration();
    CHECK_FALSE(refused(config));
    config = good;
    config.preshutdown_timeout = Duration::seconds(-1);
    CHECK(refused(config));
    config = good;
    config.failure_reset = Duration::seconds(-1);
    CHECK(refused(config));
    config.failure_reset = Duration::milliseconds(999);
    CHECK(refused(config));
    config = good;
    config.privileges = {"SeBackupPrivilege", ""};
    CHECK(refused(config));
}

TEST_CASE("a text that a zero byte would cut is refused, wherever it stands") {
    const std::string cut("a\0b", 3);
    for (Text ServiceConfig::*text :
         {&ServiceConfig::display_name, &ServiceConfig::description, &ServiceConfig::program, &ServiceConfig::account,
          &ServiceConfig::password, &ServiceConfig::failure_command}) {
        ServiceConfig config;
        config.*text = cut;
        CHECK(check_service_config("plain", config).code().value() == 87);
    }
    for (std::vector<std::string> ServiceConfig::*list :
         {&ServiceConfig::arguments, &ServiceConfig::dependencies, &ServiceConfig::privileges}) {
        ServiceConfig config;
        (config.*list).push_back(cut);
        CHECK(check_service_config("plain", config).code().value() == 87);
    }
}
