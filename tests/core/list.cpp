// List: the library's container for its own types.
#include "support/catch.hpp"

#include <memory>
#include <string>
#include <utility>

#include <daemonize.hpp>

using daemonize::detail::List;

namespace {

std::string text_of(const List<std::string>& list) {
    std::string text;
    for (const std::string& item : list) text += item + " ";
    return text;
}

} // namespace

TEST_CASE("a list grows, and keeps its order when something is taken out") {
    List<std::string> list;
    CHECK(list.empty());
    for (int i = 0; i < 20; ++i) list.push_back(std::to_string(i));
    REQUIRE(list.size() == 20);
    CHECK(list[19] == "19");
    while (list.size() > 3) list.erase(1);
    CHECK(text_of(list) == "0 18 19 ");
    list.resize(5);
    CHECK(text_of(list) == "0 18 19   ");
    list.clear();
    CHECK(list.empty());
}

TEST_CASE("a list that is moved leaves an empty one, and one that is moved to itself stays what it was") {
    List<std::string> list;
    list.push_back("one");
    List<std::string> other(std::move(list));
    CHECK(text_of(other) == "one ");
    List<std::string>& same = other;
    other = std::move(same);
    CHECK(text_of(other) == "one ");
    other = List<std::string>();
    CHECK(other.empty());
}

TEST_CASE("what is taken out of a list goes at once") {
    const auto counted = std::make_shared<int>(0);
    List<std::shared_ptr<int>> list;
    for (int i = 0; i < 3; ++i) list.push_back(counted);
    list.erase(0);
    CHECK(counted.use_count() == 3);
    list.clear();
    CHECK(counted.use_count() == 1);
}
