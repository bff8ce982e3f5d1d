// daemon(3), used as in its manual page.
#include "body.hpp"

#include <cstdio>

int main() {
    if (::daemon(0, 0) != 0) {
        std::perror("daemon3");
        return 1;
    }
    return stay();
}
