// The properties of a daemon, read from outside through the kernel: every property that a launch promises. Two daemons
// that are started alike have equal properties, because the process number, the session number and so on are left out.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_PROPERTIES_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_PROPERTIES_HPP

#include "world.hpp"

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace faults {

using Properties = std::map<std::string, std::string>;

/// A file of /proc; empty where its process is gone.
inline std::string text_of(const std::string& path) {
    try {
        return test::contents(path);
    } catch (const std::exception&) {
        return "";
    }
}

/// The fields of /proc/PID/stat behind the command's name: state, parent, group, session, terminal, …
inline std::vector<std::string> stat_fields(pid_t pid) {
    const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
    std::vector<std::string> fields;
    const std::size_t end = text.rfind(')');
    std::istringstream words(end == std::string::npos ? "" : text.substr(end + 1));
    for (std::string word; words >> word;) fields.push_back(word);
    return fields;
}

inline void see_session(pid_t pid, Properties& seen) {
    const std::vector<std::string> fields = stat_fields(pid);
    if (fields.size() < 5) return;
    seen["parent"] = fields[1];
    seen["process group"] = fields[2] == std::to_string(pid) ? "its own"
                            : fields[2] == fields[3]         ? "the session's"
                                                             : "another";
    seen["session"] = fields[3] == std::to_string(pid)           ? "led"
                      : std::to_string(::getsid(0)) == fields[3] ? "the harness's"
                                                                 : "not led";
    seen["terminal"] = fields[4] == "0" ? "none" : "one";
}

inline void see_descriptors(pid_t pid, Properties& seen) {
    const std::string folder = "/proc/" + std::to_string(pid);
    for (const int number : test::open_descriptors(pid)) {
        std::string target = test::link_target(folder + "/fd/" + std::to_string(number));
        if (target.find(":[") != std::string::npos) target.erase(target.find(":["));
        if (target.compare(0, 9, "/dev/pts/") == 0) target = "the terminal";
        std::ifstream file(folder + "/fdinfo/" + std::to_string(number));
        for (std::string line; std::getline(file, line);) {
            if (line.compare(0, 6, "flags:") == 0) target += " " + line.substr(6);
        }
        seen[(number <= 2 ? "stream " : "descriptor ") + std::to_string(number)] = target;
    }
}

inline std::string lock_at(const std::string& path, off_t byte, pid_t daemon) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    const bool asked = ::fcntl(file, F_GETLK, &lock) == 0;
    ::close(file);
    if (!asked || lock.l_type == F_UNLCK) return "none";
    return lock.l_pid == daemon ? "the daemon's" : lock.l_pid == -1 ? "an open file's" : "another's";
}

inline Properties see_daemon(pid_t pid, const std::string& pid_file) {
    Properties seen;
    see_session(pid, seen);
    const std::string folder = "/proc/" + std::to_string(pid);
    for (const char* name : {"cwd", "root", "exe"}) seen[name] = test::link_target(folder + "/" + name);
    for (const char* name : {"Umask", "Uid", "Gid", "Groups", "Threads", "NoNewPrivs", "SigBlk", "SigIgn", "SigCgt",
                             "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Seccomp", "ShdPnd"}) {
        seen[name] = test::process_status(name, pid);
    }
    std::istringstream limits(text_of(folder + "/limits"));
    for (std::string line; std::getline(limits, line);) seen["limit " + line.substr(0, 26)] = line.substr(26);
    see_descriptors(pid, seen);
    for (const auto& [path, info] : see_world(pid)) seen["file " + path] = info;
    seen["lock of byte 0"] = lock_at(pid_file, 0, pid);
    seen["lock of byte 1"] = lock_at(pid_file, 1, pid);
    return seen;
}

} // namespace faults

#endif
