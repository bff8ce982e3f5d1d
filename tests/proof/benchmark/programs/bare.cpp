// bare: forks twice, and waits on a pipe until the second child runs; nothing else.
#include <string>
#include <unistd.h>

int main(int, char** argv) {
    const std::string linked_as_the_others = argv[0];
    int ends[2];
    if (::pipe(ends) != 0) return 1;
    if (::fork() != 0) {
        char byte = 0;
        return ::read(ends[0], &byte, 1) == 1 ? 0 : 1;
    }
    if (::fork() != 0) ::_exit(0);
    if (::write(ends[1], linked_as_the_others.data(), 1) != 1) return 1;
    ::pause();
}
