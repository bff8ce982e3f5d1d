// end NAME [PID_FILE]: kills every process of this name, and returns when the processes and the file are gone.
// hyperfine runs this program between two starts.
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
    DIR* const processes = ::opendir("/proc");
    if (processes == nullptr) return 1;
    while (const dirent* entry = ::readdir(processes)) {
        const int number = std::atoi(entry->d_name);
        std::string name;
        std::getline(std::ifstream("/proc/" + std::string(entry->d_name) + "/comm"), name);
        if (number <= 0 || name != argv[1]) continue;
        pollfd gone = {static_cast<int>(::syscall(SYS_pidfd_open, number, 0)), POLLIN, 0};
        if (gone.fd < 0) continue; // it went by itself
        if (::kill(number, SIGKILL) != 0 || ::poll(&gone, 1, -1) != 1) return 1;
        ::close(gone.fd);
        while (::kill(number, 0) == 0)
            ::poll(nullptr, 0, 1); // dead, and not reaped yet: libdaemon takes it for running
    }
    if (argc > 2) ::unlink(argv[2]);
    return ::closedir(processes);
}
