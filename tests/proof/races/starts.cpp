// starts ROUNDS SECONDS: 64 simultaneous starts on one pid file, in rounds until one of the limits is reached. In each
// round exactly one start may succeed, and the other 63 must name the process that holds the pid file.
#include "support/simultaneous_starts.hpp"

#include <chrono>

int main(int argc, char** argv) try {
    const int rounds = argc > 2 ? std::atoi(argv[1]) : 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(argc > 2 ? std::atoi(argv[2]) : 0);
    const test::Orphanage orphanage;
    const test::Directory directory;
    constexpr int starts = 64;
    int done = 0, wrong = 0;
    long named_daemon = 0, named_start = 0;
    while (done < rounds && std::chrono::steady_clock::now() < end) {
        const test::StartRace race = test::race_starts(directory / "daemon.pid", starts, 0);
        ++done;
        named_daemon += race.named_daemon;
        named_start += race.named_start;
        if (race.winners == 1 && race.refused() == starts - 1 && race.other.empty()) continue;
        ++wrong;
        std::fprintf(stderr, "round %d: %d winners, %d refused\n%s", done, race.winners, race.refused(),
                     race.other.c_str());
    }
    std::printf("64 simultaneous starts: %d rounds, %d wrong; of the refused %ld named the daemon, %ld the launcher at "
                "work\n",
                done, wrong, named_daemon, named_start);
    return done > 0 && wrong == 0 && orphanage.is_empty() ? 0 : 1;
} catch (const test::Unable&) {
    return 77; // the reason is printed
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
