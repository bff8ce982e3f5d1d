// What a mutated test program tells the driver: which calls it came by, and that it came to its end. A file that both
// map, so that it is written from every process of a test, whatever that has closed, dropped or changed its root to.
#ifndef DAEMONIZE_TESTS_MUTATION_BOARD_HPP
#define DAEMONIZE_TESTS_MUTATION_BOARD_HPP

#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

namespace mutation {

constexpr int most_sites = 512;
constexpr int most_steps = 8; // of one call, told apart by an argument

constexpr const char* board_variable = "DAEMONIZE_MUTATION_BOARD"; // the file's path
constexpr const char* skip_variable = "DAEMONIZE_MUTATION_SKIP";   // SITE or SITE:STEP

struct Board {
    std::atomic<pid_t> finished;                     // the test program, where its main returned
    std::atomic<long> steps[most_sites][most_steps]; // 1 + each step that was seen, in no order; 0: none
    bool sees(int site) const { return steps[site][0] != 0; }

    void note(int site, long step) {
        for (std::atomic<long>& place : steps[site]) {
            long noted = place;
            if (noted == 0 && place.compare_exchange_strong(noted, step + 1)) return;
            if (noted == step + 1) return;
        }
    }
};

inline Board* map_board(const char* path) {
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    void* const mapped =
        file < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) ::close(file);
    return mapped == MAP_FAILED ? nullptr : static_cast<Board*>(mapped);
}

} // namespace mutation

#endif
