// A service that is installed for one case and uninstalled afterwards, and queries of the service.
#ifndef DAEMONIZE_TESTS_WINDOWS_INSTALLED_HPP
#define DAEMONIZE_TESTS_WINDOWS_INSTALLED_HPP

#include <daemonize.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "check.hpp"

namespace test {

using daemonize::Failure;
using daemonize::ServiceConfig;
using daemonize::ServiceManager;
using daemonize::ServiceState;

inline const ServiceManager& manager() {
    static const ServiceManager one("daemonize-test");
    return one;
}

inline std::string beside(const std::string& name) {
    const std::string self = daemonize::detail::narrow(daemonize::detail::program_path().c_str());
    return self.substr(0, self.find_last_of("\\/") + 1) + name;
}

/// The time that one event may take: DAEMONIZE_PATIENCE seconds.
inline DWORD patience() {
    const char* seconds = std::getenv("DAEMONIZE_PATIENCE");
    return 1000 * static_cast<DWORD>(std::max(60, seconds == nullptr ? 0 : std::atoi(seconds)));
}

/// While it lives, a service that was started with "slow" or "stalled" starts and starts.
class Delay {
  public:
    Delay() { std::ofstream("delayed.txt") << "delayed"; }
    Delay(const Delay&) = delete;
    Delay& operator=(const Delay&) = delete;
    ~Delay() { end(); }

    void end() { std::remove("delayed.txt"); }
};

// Relative, as a narrow path knows no other alphabet.
inline std::string notes() {
    std::ifstream file("notes.txt", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Installed, and taken away again, whatever the test did.
class Installed {
  public:
    explicit Installed(ServiceConfig config = {}) {
        take_away();
        if (config.program.empty()) config.program = beside("service.exe");
        manager().install(config);
    }
    Installed(const Installed&) = delete;
    Installed& operator=(const Installed&) = delete;
    ~Installed() { take_away(); }

  private:
    static void take_away() {
        Failure ignored;
        static_cast<void>(manager().uninstall(ignored));
        std::remove("notes.txt");
        std::remove("delayed.txt");
    }
};

inline int code(const Failure& failure) { return failure.code().value(); }

inline Failure start(const std::vector<std::string>& arguments) {
    Failure failure;
    static_cast<void>(manager().start(arguments, failure));
    return failure;
}

inline int run_cases(int count, char** values) {
    try {
        HOLDS(!daemonize::detail::enter_program_directory());
        return run(count, values);
    } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        return 1;
    }
}

} // namespace test

#endif
