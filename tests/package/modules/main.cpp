// main CASE one|own local|global [PLUGIN...]: runs a case with the modules that are linked, or loaded as plugins.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>

#if defined(CASES_ARE_LINKED)
extern "C" int run_case(const char* name, bool is_one, const void* other);
#endif
#if defined(OTHER_IS_LINKED)
extern "C" const void* other_functions();
#endif

// In place of the C library's: the names of the sources go into a variable, and no message into the log.
extern "C" void openlog(const char* source, int, int) {
    const char* const before = std::getenv("SOURCES");
    ::setenv("SOURCES", (std::string(before == nullptr ? "" : before) + source + ";").c_str(), 1);
}
extern "C" void syslog(int, const char*, ...) {}

namespace {

template <class Function>
Function load(const char* plugin, const char* scope, const char* name) {
    const int flags = RTLD_NOW | (std::strcmp(scope, "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL);
    void* const handle = ::dlopen(plugin, flags);
    void* const found = handle == nullptr ? nullptr : ::dlsym(handle, name);
    if (found == nullptr) std::fprintf(stderr, "%s\n", ::dlerror());
    return reinterpret_cast<Function>(found);
}

} // namespace

int main(int, char** argv) {
#if !defined(CASES_ARE_LINKED)
    const auto run_case = load<int (*)(const char*, bool, const void*)>(argv[4], argv[3], "run_case");
    const auto other_functions = load<const void* (*)()>(argv[5], argv[3], "other_functions");
#elif !defined(OTHER_IS_LINKED)
    const auto other_functions = load<const void* (*)()>(argv[4], argv[3], "other_functions");
#endif
    return run_case(argv[1], std::strcmp(argv[2], "one") == 0, other_functions());
}
