// The counters that the processes of a race share, in shared memory.
#ifndef DAEMONIZE_TESTS_PROOF_RACES_SHARED_HPP
#define DAEMONIZE_TESTS_PROOF_RACES_SHARED_HPP

#include <atomic>
#include <new>
#include <stdexcept>
#include <sys/mman.h>

namespace races {

constexpr int number_count = 4096; // process numbers are told apart modulo this, which is more than a namespace has

struct Counts {
    std::atomic<int> verbs{0};
    std::atomic<int> daemons{0};
    std::atomic<int> two_daemons{0};
    std::atomic<int> undocumented{0};
    std::atomic<int> bystanders{0};
    std::atomic<int> reused{0};    // bystanders that have a number that was a daemon's
    std::atomic<int> died{0};      // the number of the latest daemon that killed itself
    std::atomic<int> namesakes{0}; // bystanders that have got it
    std::atomic<int> hit{0};
    std::atomic<bool> was_daemon[number_count] = {};
};

class Shared {
  public:
    Shared() {
        void* memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::runtime_error("cannot share memory");
        counts_ = new (memory) Counts;
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { ::munmap(counts_, sizeof(Counts)); }

    Counts* operator->() const { return counts_; }

    bool is_clean() const {
        return counts_->daemons > 0 && counts_->two_daemons == 0 && counts_->undocumented == 0 && counts_->hit == 0;
    }

  private:
    Counts* counts_;
};

} // namespace races

#endif
