// A program at the path that Windows would find first for an unquoted path. Leaves a trace when it runs.
#include <cstdio>

int main() {
    std::FILE* file = std::fopen("C:\\planted.txt", "w");
    return file != nullptr && std::fclose(file) == 0 ? 0 : 1;
}
