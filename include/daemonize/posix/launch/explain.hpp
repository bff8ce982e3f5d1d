// explain(): the plan as text, step by step, with every inherited descriptor (internal).
#ifndef DAEMONIZE_POSIX_LAUNCH_EXPLAIN_HPP
#define DAEMONIZE_POSIX_LAUNCH_EXPLAIN_HPP

#include "check.hpp"

#include <cstdio>
#include <dirent.h>
#include <string>

namespace daemonize {
namespace detail {

inline const char* file_type_text(mode_t mode) noexcept {
    if (S_ISREG(mode)) return "a file";
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode)) return "a character device";
    return S_ISBLK(mode) ? "a block device" : "something without a file type";
}

// Describes a descriptor by its file type, and by the target of its link in /proc/self/fd.
inline std::string describe_descriptor(int number) {
    struct stat status;
    if (DAEMONIZE_SYSTEM(fstat)(number, &status) != 0) return "closed";
    std::string text = file_type_text(status.st_mode);
    char target[4096];
    const std::string link = joined({"/proc/self/fd/", number});
    const ssize_t size = DAEMONIZE_SYSTEM(readlink)(link.c_str(), target, sizeof target);
    if (size > 0) text += ", " + std::string(target, static_cast<std::size_t>(size));
    return text;
}

// Returns the open descriptors above 2, sorted: from /dev/fd, or by fcntl(2) for each number of the descriptor table.
inline List<int> open_descriptors() {
    List<int> open;
    const DirectoryListing listing("/dev/fd");
    if (listing.directory == nullptr) {
        const int size = descriptor_table_size();
        for (int number = STDERR_FILENO + 1; number < size; ++number) {
            if (is_open(number)) open.push_back(number);
        }
        return open;
    }
    while (const dirent* entry = ::readdir(listing.directory)) {
        std::uint64_t number = 0;
        if (parse_number(entry->d_name, std::strlen(entry->d_name), INT32_MAX, number) &&
            static_cast<int>(number) != ::dirfd(listing.directory)) {
            insert_sorted(open, static_cast<int>(number));
        }
    }
    return open;
}

class Explanation {
  public:
    Explanation(const Plan& plan, const Options& options) : plan_(plan), options_(options) {}

    std::string text() {
        for (const Failure& problem : plan_.problems) step("problem", problem.message());
        explain_process();
        explain_descriptors();
        explain_privileges();
        for (int i = 0; i < 3; ++i) explain_stream(i);
        step("signals", "ignored ones get their default action, the mask is emptied, handlers stay");
        if (options_.foreground) {
            step("readiness", "when ready() is called; no launcher waits");
        } else {
            const char* const when = options_.wait ? "when ready() is called" : "the end of set-up";
            step("readiness", joined({when, ", within ", options_.timeout.milliseconds(), " ms"}));
        }
        return std::move(text_);
    }

  private:
    void step(const std::string& what, const std::string& value) { append(text_, {what, ": ", value, "\n"}); }

    void explain_process() {
        if (!plan_.pid_file.path.empty()) {
            step("pid file", joined({plan_.pid_file.path, ", mode ", octal(plan_.pid_file_mode), ", locked"}));
        }
        if (options_.foreground) {
            step("fork", "none: the process stays in the foreground");
        } else {
            step("fork", options_.fork == Fork::twice ? "twice" : "once");
            step("setsid", options_.setsid ? "yes" : "no");
        }
        const bool keeps_sigchld = options_.sigchld == Sigchld::keep;
        step("sigchld", keeps_sigchld ? "kept" : options_.sigchld == Sigchld::ignore ? "ignored" : "default action");
        step("umask", options_.umask ? octal(*options_.umask) : "kept");
        std::string names;
        if (options_.environment) {
            for (const std::string& name : *options_.environment) append(names, {" ", name});
            if (names.empty()) names = " nothing";
        }
        step("environment", options_.environment ? joined({"only", names}) : "kept whole");
    }

    void explain_descriptors() {
        for (const int number : open_descriptors()) {
            bool kept = !options_.close_fds;
            for (const int other : plan_.kept) kept = kept || other == number;
            step(joined({"descriptor ", number}), joined({kept ? "kept: " : "closed: ", describe_descriptor(number)}));
        }
    }

    void explain_privileges() {
        if (options_.before_drop) step("before the drop", "the application's own step");
        for (const LimitOption& limit : options_.limits) {
            step("limit", joined({limit_name(limit.resource), " ", limit.soft, " of ", limit.hard}));
        }
        if (!plan_.runtime_directory.empty()) step("runtime directory", plan_.runtime_directory);
        if (plan_.identity.changes) {
            std::string groups;
            for (const gid_t group : plan_.identity.groups) append(groups, {" ", group});
            step("groups", joined({plan_.identity.gid, ", all of them:", groups}));
        }
        if (!plan_.chroot.empty()) step("root directory", plan_.chroot);
        if (!plan_.state_directory.empty()) step("state directory", plan_.state_directory);
        if (!plan_.log_directory.empty()) step("log directory", plan_.log_directory);
        if (plan_.identity.changes_user) {
            step("user", joined({plan_.identity.user, " (", plan_.identity.uid, ")"}));
        }
        if (options_.capabilities) {
            const std::string& names = plan_.capabilities.names;
            step("capabilities", names.empty() ? "none" : names);
            if (plan_.capabilities.ambient != 0) step("ambient capabilities", plan_.capabilities.ambient_names);
        }
        if (options_.no_new_privileges) step("new privileges", "given up");
        step("directory", plan_.directory.empty() ? "kept" : plan_.directory);
    }

    void explain_stream(int number) {
        static const char* const names[] = {"standard input", "standard output", "standard error"};
        const StreamTarget& target = plan_.streams[number];
        std::string value = "/dev/null";
        if (target.kind == StreamTarget::Kind::kept) value = joined({"kept: ", describe_descriptor(number)});
        if (target.kind == StreamTarget::Kind::path) value = target.path;
        if (target.kind == StreamTarget::Kind::descriptor) {
            value = joined({"descriptor ", target.descriptor, ", ", describe_descriptor(target.descriptor)});
        }
        const bool is_shown = number == STDOUT_FILENO && target.waits;
        step(names[number], is_shown ? joined({value, ", until readiness shown by the launcher"}) : value);
    }

    const Plan& plan_;
    const Options& options_;
    std::string text_;
};

inline std::string explain(const Options& options) {
    const Plan plan(options);
    return Explanation(plan, options).text();
}

} // namespace detail
} // namespace daemonize

#endif
