// Callback: move-only targets, and the destruction of a target exactly once.
#include "support/catch.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <daemonize.hpp>

using daemonize::Callback;

namespace {

int twice(int value) { return 2 * value; }

// Counts how many of its kind are alive.
class Counted {
  public:
    explicit Counted(int& alive) : alive_(&alive) { ++*alive_; }
    Counted(const Counted& other) : alive_(other.alive_) { ++*alive_; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*alive_; }
    void operator()() const {}

  private:
    int* alive_;
};

} // namespace

TEST_CASE("a callback calls what it was made of") {
    int called = 0;
    const Callback<void()> count([&called] { ++called; });
    count();
    count();
    CHECK(called == 2);
    CHECK(Callback<int(int)>(twice)(21) == 42);
    CHECK(Callback<long(short)>(twice)(4) == 8L);
}

TEST_CASE("a callback may hold what can only be moved") {
    Callback<int()> first([value = std::make_unique<int>(7)] { return *value; });
    Callback<int()> second(std::move(first));
    CHECK_FALSE(first);
    REQUIRE(second);
    CHECK(second() == 7);
    first = std::move(second);
    CHECK_FALSE(second);
    CHECK(first() == 7);
    static_assert(!std::is_copy_constructible<Callback<int()>>::value, "a callback is move-only");
}

TEST_CASE("a callback that is moved to itself stays what it was") {
    Callback<int(int)> callback(twice);
    Callback<int(int)>& same = callback;
    callback = std::move(same);
    CHECK(callback(21) == 42);
}

TEST_CASE("an empty callback can be asked") {
    CHECK_FALSE(Callback<void()>());
    CHECK_FALSE(Callback<void()>(nullptr));
    CHECK(Callback<void()>([] {}));
}

TEST_CASE("a callback passes references and moved arguments on") {
    std::string why;
    const Callback<bool(std::string&)> refuse([](std::string& text) {
        text = "no";
        return false;
    });
    CHECK_FALSE(refuse(why));
    CHECK(why == "no");
    const Callback<int(std::unique_ptr<int>)> take([](std::unique_ptr<int> value) { return *value; });
    CHECK(take(std::make_unique<int>(5)) == 5);
}

TEST_CASE("what a callback holds goes exactly once") {
    int alive = 0;
    {
        Callback<void()> first{Counted(alive)};
        CHECK(alive == 1);
        Callback<void()> second(std::move(first));
        CHECK(alive == 1);
        second = Callback<void()>(Counted(alive));
        CHECK(alive == 1);
    }
    CHECK(alive == 0);
}

TEST_CASE("a callback that replaces itself stays until it has returned") {
    int alive = 0;
    int alive_within = 0;
    daemonize::detail::RetiredCallbacks retired;
    Callback<void()> callback;
    const auto call = [&] {
        const daemonize::detail::RetiredCallbacks::Call running(retired);
        callback();
    };
    callback = [&, counted = Counted(alive)] {
        retired.replace(callback, Callback<void()>([] {}));
        alive_within = alive;
        static_cast<void>(counted);
    };
    call();
    CHECK(alive_within == 1);
    CHECK(alive == 0);
    retired.replace(callback, Callback<void()>(Counted(alive)));
    retired.replace(callback, Callback<void()>([] {}));
    CHECK(alive == 0);
}
