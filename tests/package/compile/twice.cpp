// Includes the header twice, then defines min and max as macros. The names of the library and of std are still free at
// global scope.
#include <daemonize.hpp>

#include <daemonize.hpp>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))

namespace {
struct string {};
struct vector {};
struct pair {};
struct error_code {};
struct Daemonizer {};
struct Daemon {};
struct Launch {};
struct Failure {};
struct Error {};
struct Duration {};
struct Events {};
struct PidFile {};
struct Service {};
struct Stage {};
struct keep {};
} // namespace

// A using directive or declaration that leaked makes these ambiguous.
template <class... Types>
constexpr bool nameable() {
    return true;
}
static_assert(nameable<string, vector, pair, error_code, Daemonizer, Daemon, Launch, Failure, Error, Duration, Events,
                       PidFile, Service, Stage, keep>());
