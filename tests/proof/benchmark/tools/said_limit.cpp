// A library for LD_PRELOAD: getrlimit(2) and sysconf(3) return SAID_LIMIT as the limit of open files. A real limit of
// that size needs a privilege that containers lack. The benchmark shows programs that depend on the number.
#include <cstdlib>
#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

rlim_t said_limit() { return std::strtoull(std::getenv("SAID_LIMIT"), nullptr, 10); }

template <class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" int getrlimit(__rlimit_resource_t resource, struct rlimit* limit) noexcept {
    const int result = real<int (*)(__rlimit_resource_t, struct rlimit*)>("getrlimit")(resource, limit);
    if (result == 0 && resource == RLIMIT_NOFILE) limit->rlim_cur = limit->rlim_max = said_limit();
    return result;
}

extern "C" long sysconf(int name) noexcept {
    return name == _SC_OPEN_MAX ? static_cast<long>(said_limit()) : real<long (*)(int)>("sysconf")(name);
}
