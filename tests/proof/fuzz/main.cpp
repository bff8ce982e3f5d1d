// The entry point for libFuzzer: passes the input to the target that FUZZ_TARGET names. Without FUZZ_TARGET, prints the
// names of the targets.
#include "fuzz.hpp"

#include <cstring>

const fuzz::Target*& fuzz::targets() noexcept {
    static const Target* first = nullptr;
    return first;
}

namespace {
const fuzz::Target* chosen = nullptr;
} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    const char* name = std::getenv("FUZZ_TARGET");
    for (const fuzz::Target* target = fuzz::targets(); target != nullptr; target = target->next) {
        if (name == nullptr) std::puts(target->name);
        if (name != nullptr && std::strcmp(name, target->name) == 0) chosen = target;
    }
    if (chosen == nullptr) std::exit(name == nullptr ? 0 : 1);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Bytes bytes(data, size);
    chosen->run(bytes);
    return 0;
}
