// The environment of a launch, equal for each launch: /run, /var and /srv are private empty file systems, with only the
// files that the launch needs. Also lists the files that are left afterwards.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_WORLD_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_WORLD_HPP

#include "support/process.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace faults {

constexpr const char* changeable[] = {"/run", "/var", "/srv"};
constexpr const char* news_path = "/srv/news"; // a FIFO on which a daemon says that it is ready

/// All that lies below `top`, what is in a directory behind it.
inline std::vector<std::string> paths_below(const std::string& top) {
    std::vector<std::string> paths = {top};
    for (std::size_t next = 0; next < paths.size(); ++next) {
        struct stat file_info = {};
        const std::string path = paths[next];
        if (::lstat(path.c_str(), &file_info) != 0 || !S_ISDIR(file_info.st_mode)) continue;
        DIR* folder = ::opendir(path.c_str());
        if (folder == nullptr) throw std::runtime_error("cannot read " + path);
        while (const struct dirent* entry = ::readdir(folder)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") paths.push_back(path + "/" + name);
        }
        ::closedir(folder);
    }
    paths.erase(paths.begin());
    return paths;
}

inline void make_world() {
    for (const char* top : changeable) {
        const std::vector<std::string> paths = paths_below(top);
        for (std::size_t i = paths.size(); i-- > 0;) std::remove(paths[i].c_str());
    }
    bool made = true;
    for (const char* path : {"/srv/jail", "/srv/jail/etc", "/srv/jail/run", "/srv/jail/var", "/srv/jail/var/lib",
                             "/srv/jail/var/log", "/var/log", "/var/run"}) {
        made = made && ::mkdir(path, 0755) == 0 && ::chmod(path, 0755) == 0;
    }
    test::write_file("/srv/jail/etc/input", "hello\n");
    if (!made || ::mkfifo(news_path, 0600) != 0) throw std::runtime_error("cannot make the world");
}

inline std::string with_number(std::string text, pid_t pid) {
    const std::string number = std::to_string(pid);
    if (pid <= 0) return text;
    for (std::size_t at = text.find(number); at != std::string::npos; at = text.find(number, at))
        text.replace(at, number.size(), "PID");
    return text;
}

/// Everything in it, by path: kind, mode, owner, and what a file holds, with the daemon's number left out.
inline std::map<std::string, std::string> see_world(pid_t daemon = 0) {
    std::map<std::string, std::string> seen;
    for (const char* top : changeable) {
        for (const std::string& path : paths_below(top)) {
            struct stat file_info = {};
            if (::lstat(path.c_str(), &file_info) != 0) continue; // gone meanwhile
            char text[64];
            std::snprintf(text, sizeof text, "%o %u:%u", file_info.st_mode, file_info.st_uid, file_info.st_gid);
            seen[path] = text;
            if (S_ISREG(file_info.st_mode)) seen[path] += " " + with_number(test::contents(path), daemon);
        }
    }
    return seen;
}

/// The differences; empty without a difference.
inline std::string difference(const std::map<std::string, std::string>& wanted,
                              const std::map<std::string, std::string>& seen) {
    std::string text;
    for (const auto& [name, value] : wanted) {
        const auto found = seen.find(name);
        if (found == seen.end()) {
            text += name + " is missing; ";
        } else if (found->second != value) {
            text += name + " is \"" + found->second + "\" and not \"" + value + "\"; ";
        }
    }
    for (const auto& [name, value] : seen) {
        if (wanted.count(name) == 0) text += name + " (" + value + ") is too many; ";
    }
    return text;
}

} // namespace faults

#endif
