// UTF-8 and UTF-16: every code point in both directions, and invalid input.
#include <daemonize.hpp>

#include "support/catch.hpp"

using daemonize::detail::to_utf16;
using daemonize::detail::to_utf8;

TEST_CASE("every code point survives UTF-8, UTF-16 and back") {
    for (std::uint32_t point = 0; point <= 0x10ffff; ++point) {
        if (point >= 0xd800 && point < 0xe000) continue;
        std::u16string wide;
        if (point < 0x10000) {
            wide += static_cast<char16_t>(point);
        } else {
            wide += static_cast<char16_t>(0xd7c0 + (point >> 10));
            wide += static_cast<char16_t>(0xdc00 + (point & 0x3ff));
        }
        const std::string text = to_utf8(wide.data(), wide.size());
        const std::size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        if (text.size() != size || to_utf16(text) != wide) FAIL("not " << point);
    }
    CHECK(to_utf16("\xd1\x81\xd0\xbb") == u"\u0441\u043b");
}

TEST_CASE("what is no UTF-8 becomes U+FFFD, and spoils nothing beside it") {
    CHECK(to_utf16("a\x80z") == u"a\uFFFDz");
    CHECK(to_utf16("a\xc3") == u"a\uFFFD");
    CHECK(to_utf16("a\xc3z") == u"a\uFFFDz");
    CHECK(to_utf16("\xc0\xaf") == u"\uFFFD\uFFFD");                     // too long a form of a slash
    CHECK(to_utf16("\xed\xa0\x80") == u"\uFFFD\uFFFD\uFFFD");           // half a surrogate pair
    CHECK(to_utf16("\xf4\x90\x80\x80") == u"\uFFFD\uFFFD\uFFFD\uFFFD"); // beyond Unicode
}

TEST_CASE("half a surrogate pair in UTF-16 becomes U+FFFD") {
    const char16_t halves[] = {'a', 0xd800, 'b', 0xdc00, 0xd800};
    CHECK(to_utf8(halves, 5) == "a\xef\xbf\xbd"
                                "b\xef\xbf\xbd\xef\xbf\xbd");
}
