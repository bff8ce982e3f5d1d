// Duration: conversions and sums saturate, and never wrap around.
#include "support/catch.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <ratio>

#include <daemonize.hpp>

using daemonize::Duration;

TEST_CASE("a chrono duration of any unit becomes the same span") {
    CHECK(Duration(std::chrono::nanoseconds(1)).nanoseconds() == 1);
    CHECK(Duration(std::chrono::microseconds(-7)).nanoseconds() == -7000);
    CHECK(Duration(std::chrono::milliseconds(1500)).nanoseconds() == 1500000000);
    CHECK(Duration(std::chrono::seconds(30)) == Duration::seconds(30));
    CHECK(Duration(std::chrono::hours(24 * 365)).seconds() == 31536000);
    CHECK(Duration(std::chrono::duration<std::uint8_t>(200)).seconds() == 200);
}

TEST_CASE("a period that is no power of ten is exact to the nanosecond") {
    CHECK(Duration(std::chrono::duration<int, std::ratio<1, 3>>(3)).nanoseconds() == 1000000000);
    CHECK(Duration(std::chrono::duration<int, std::ratio<1, 3>>(1)).nanoseconds() == 333333333);
    CHECK(Duration(std::chrono::duration<int, std::ratio<1, 60>>(1)).nanoseconds() == 16666666);
    CHECK(Duration(std::chrono::duration<int, std::ratio<1, 1024>>(1)).nanoseconds() == 976562);
    CHECK(Duration(std::chrono::duration<std::int64_t, std::pico>(2500)).nanoseconds() == 2);
    CHECK(Duration(std::chrono::duration<std::int64_t, std::ratio<1, 3>>(24000000000)).seconds() == 8000000000);
    CHECK(Duration(std::chrono::duration<std::int64_t, std::pico>(INT64_MAX)).nanoseconds() == INT64_MAX / 1000);
}

TEST_CASE("a span of floating seconds keeps its fraction") {
    CHECK(Duration(std::chrono::duration<double>(0.25)).milliseconds() == 250);
    CHECK(Duration(std::chrono::duration<float, std::milli>(1.5f)).nanoseconds() == 1500000);
    CHECK(Duration(std::chrono::duration<double>(-0.5)).milliseconds() == -500);
    CHECK(Duration(std::chrono::duration<double>(std::nan(""))) == Duration());
    CHECK(Duration(std::chrono::duration<double>(HUGE_VAL)) == Duration::longest());
    CHECK(Duration(std::chrono::duration<double>(-HUGE_VAL)).nanoseconds() == INT64_MIN);
}

TEST_CASE("what is too long is the longest span, never a short or a negative one") {
    CHECK(Duration(std::chrono::hours::max()) == Duration::longest());
    CHECK(Duration(std::chrono::hours::min()).nanoseconds() == INT64_MIN);
    CHECK(Duration(std::chrono::duration<std::uint64_t>(UINT64_MAX)) == Duration::longest());
    CHECK(Duration(std::chrono::duration<std::int64_t, std::ratio<INT64_MAX>>(2)) == Duration::longest());
    CHECK(Duration::seconds(INT64_MAX) == Duration::longest());
    CHECK(Duration::milliseconds(INT64_MIN).nanoseconds() == INT64_MIN);
    CHECK(Duration::seconds(9223372036).seconds() == 9223372036);
}

TEST_CASE("sums of spans saturate at both ends") {
    CHECK(Duration::seconds(1) + Duration::milliseconds(500) == Duration::milliseconds(1500));
    CHECK(Duration::longest() + Duration::nanoseconds(1) == Duration::longest());
    CHECK(Duration::longest() + Duration::longest() == Duration::longest());
    CHECK((Duration::nanoseconds(INT64_MIN) + Duration::nanoseconds(-1)).nanoseconds() == INT64_MIN);
    CHECK(Duration::longest() + Duration::nanoseconds(INT64_MIN) == Duration::nanoseconds(-1));
}

TEST_CASE("differences of spans saturate at both ends") {
    CHECK(Duration::seconds(1) - Duration::milliseconds(1500) == Duration::milliseconds(-500));
    CHECK(Duration::longest() - Duration::nanoseconds(-1) == Duration::longest());
    CHECK(Duration::longest() - Duration::longest() == Duration());
    CHECK((Duration::nanoseconds(INT64_MIN) - Duration::nanoseconds(1)).nanoseconds() == INT64_MIN);
    CHECK(Duration::nanoseconds(-1) - Duration::nanoseconds(INT64_MIN) == Duration::longest());
    CHECK(Duration() - Duration::nanoseconds(INT64_MIN) == Duration::longest());
}

TEST_CASE("spans compare by their length") {
    CHECK(Duration::milliseconds(999) < Duration::seconds(1));
    CHECK(Duration::seconds(1) > Duration::milliseconds(999));
    CHECK(Duration::seconds(1) <= Duration::milliseconds(1000));
    CHECK(Duration::seconds(1) >= Duration::milliseconds(1000));
    CHECK(Duration::seconds(1) != Duration::seconds(-1));
    CHECK_FALSE(Duration::seconds(1) < Duration::seconds(1));
}

static_assert(Duration(std::chrono::seconds(2)).nanoseconds() == 2000000000, "a Duration is a constant expression");
