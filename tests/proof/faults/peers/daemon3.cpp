// daemon(3), as its manual page has it.
#include "body.hpp"

#include <cstdio>

int main() {
    if (::daemon(0, 0) != 0) {
        std::perror("daemon3");
        return 1;
    }
    return stay();
}
