// A library to be preloaded: getrlimit(2) and sysconf(3) say that a process may open SAID_LIMIT files. To have the kernel
// allow so many takes a privilege that containers do not have, and what is measured is who believes the number.
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
