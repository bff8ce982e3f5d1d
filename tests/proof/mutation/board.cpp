// The board that driver.py and a mutated program share: the number of the active mutant, and the mutants that a test
// reached. The board is a file that both map, so that every process of a test can write it after any close, change of
// the user or change of the root. Programs for Windows get the path at build time, because the service control manager
// starts some of them.
#include "board.hpp"
#include "site.hpp"

#include <atomic>
#include <cstdlib>

#if defined(_WIN32)
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace mutation {
namespace {

constexpr int most_mutants = 32768;

// As driver.py reads and writes it.
struct Board {
    std::atomic<int> chosen;   // 0: none
    std::atomic<int> finished; // the test program, where its main returned
    std::atomic<unsigned char> visited[most_mutants];
};

#if defined(_WIN32)
Board* map_board() {
    const HANDLE file = CreateFileA(MUTATION_BOARD, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                    nullptr, OPEN_EXISTING, 0, nullptr);
    const HANDLE mapping = CreateFileMappingA(file, nullptr, PAGE_READWRITE, 0, sizeof(Board), nullptr);
    void* const mapped = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, sizeof(Board));
    CloseHandle(mapping);
    CloseHandle(file);
    return static_cast<Board*>(mapped);
}
#else
Board* map_board() {
    const char* const path = std::getenv("DAEMONIZE_MUTATION_BOARD");
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* const mapped = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return mapped == MAP_FAILED ? nullptr : static_cast<Board*>(mapped);
}
#endif

// From before main on: a daemon may change its environment, and one that stays is of one mutant.
Board* const board = map_board();
const int chosen = board == nullptr ? 0 : board->chosen.load();

} // namespace

bool is_chosen(int number) noexcept {
    if (board == nullptr) return false;
    board->visited[number].store(1, std::memory_order_relaxed);
    return number == chosen;
}

void finish(int process) noexcept {
    if (board != nullptr) board->finished = process;
}

} // namespace mutation
