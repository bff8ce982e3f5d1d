// Keep and Text: types of setter parameters (public).
#ifndef DAEMONIZE_CORE_PARAMETERS_HPP
#define DAEMONIZE_CORE_PARAMETERS_HPP

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace daemonize {

/// The type of `keep`.
struct Keep {};

/// Leaves a property as the launcher has it: `chdir(daemonize::keep)`.
inline constexpr Keep keep{};

/// A std::string that does not convert from a null pointer: chdir(nullptr) and chdir(0) do not compile. Every other
/// argument that converts to std::string converts to Text.
class Text : public std::string {
  public:
    Text() = default;
    Text(std::nullptr_t) = delete;
    template <class Source, class = std::enable_if_t<std::is_convertible<Source, std::string>::value>>
    Text(Source&& source) : std::string(std::forward<Source>(source)) {}
};

} // namespace daemonize

#endif
