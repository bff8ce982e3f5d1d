// Reads, writes and replaces whole files, and finds the directory of a path (internal).
#ifndef DAEMONIZE_POSIX_SYSTEM_FILES_HPP
#define DAEMONIZE_POSIX_SYSTEM_FILES_HPP

#include "descriptor.hpp"

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <string>

namespace daemonize {
namespace detail {

// Returns the directory part of a path: "." for a bare name.
inline std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// Opens a directory for readdir(3), and closes it. `directory` is null if opendir(3) failed.
struct DirectoryListing {
    explicit DirectoryListing(const char* path) noexcept : directory(::opendir(path)) {}
    DirectoryListing(const DirectoryListing&) = delete;
    DirectoryListing& operator=(const DirectoryListing&) = delete;
    ~DirectoryListing() {
        if (directory != nullptr) static_cast<void>(::closedir(directory));
    }
    DIR* const directory;
};

// Returns the absolute path without links and dots, or an empty string if realpath(3) fails.
inline std::string real_path(const char* path) {
    char real[PATH_MAX];
    return DAEMONIZE_SYSTEM(realpath)(path, real) == nullptr ? std::string() : real;
}

// Returns the content of a file, or an empty string if the file cannot be read.
inline std::string read_file(const std::string& path) {
    const Descriptor file = open_file(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    std::string text;
    char part[4096];
    ssize_t size = 0;
    while (file && (size = retry([&] { return DAEMONIZE_SYSTEM(read)(file.get(), part, sizeof part); })) > 0) {
        text.append(part, static_cast<std::size_t>(size));
    }
    return text;
}

// Calls write(from, size), a system call that may write less than asked, until all bytes are written. Returns an errno
// value, or 0. A call that writes nothing counts as EIO. Allocates nothing.
template <class Write>
int write_all(const char* data, std::size_t size, Write write) noexcept {
    for (std::size_t done = 0; done < size;) {
        const ssize_t written = retry([&] { return write(data + done, size - done); });
        if (written <= 0) return written == 0 ? EIO : errno;
        done += static_cast<std::size_t>(written);
    }
    return 0;
}

inline int write_all(int file, const char* data, std::size_t size) noexcept {
    return write_all(
        data, size, [file](const char* from, std::size_t count) { return DAEMONIZE_SYSTEM(write)(file, from, count); });
}

// Writes a whole file or leaves the old one: writes `path.new`, then renames it. The umask does not change `mode`.
inline Failure replace_file(Stage stage, const std::string& path, mode_t mode, const std::string& text) {
    const std::string fresh = joined({path, ".new"});
    const auto failed = [&](int error) {
        static_cast<void>(DAEMONIZE_SYSTEM(unlink)(fresh.c_str())); // nothing else can be done if unlink(2) fails
        return posix_failure(stage, error, path);
    };
    const Descriptor file = open_above(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
    if (!file) return failed(errno);
    if (const int error = write_all(file.get(), text.data(), text.size())) return failed(error);
    if (DAEMONIZE_SYSTEM(fchmod)(file.get(), mode) != 0) return failed(errno);
    return DAEMONIZE_SYSTEM(rename)(fresh.c_str(), path.c_str()) == 0 ? Failure() : failed(errno);
}

} // namespace detail
} // namespace daemonize

#endif
