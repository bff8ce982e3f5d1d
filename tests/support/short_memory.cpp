// Replaces operator new by a function that fails as ShortMemory sets.
#include "support/short_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace {

test::ShortMemory wanted;
bool counts = false;
pid_t counting_process = 0;
long calls = 0;

// Shared with the forked children of this process.
std::atomic<bool>& failed() {
    static void* const page =
        ::mmap(nullptr, sizeof(std::atomic<bool>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) std::abort();
    static auto* const value = ::new (page) std::atomic<bool>(false);
    return *value;
}

bool fails_now() {
    if (!counts || wanted.number == 0 || (::getpid() != counting_process) != wanted.in_child) return false;
    ++calls;
    if (wanted.lasts ? calls < wanted.number : calls != wanted.number) return false;
    failed().store(true);
    return true;
}

} // namespace

namespace test {

void ShortMemory::begin() const noexcept {
    failed().store(false);
    wanted = *this;
    counting_process = ::getpid();
    calls = 0;
    counts = true;
}

void ShortMemory::end() noexcept { counts = false; }

bool ShortMemory::has_failed() noexcept { return failed().load(); }

} // namespace test

void* operator new(std::size_t size) {
    void* const memory = fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
// The nothrow form of a sanitizer does not call operator new.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
