// Stands where an unquoted path would find it first, and leaves a trace when it is run.
#include <cstdio>

int main() {
    std::FILE* file = std::fopen("C:\\planted.txt", "w");
    return file != nullptr && std::fclose(file) == 0 ? 0 : 1;
}
