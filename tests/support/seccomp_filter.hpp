// A seccomp filter that refuses some system calls, like that of a container, for this process and its children.
#ifndef DAEMONIZE_TESTS_SUPPORT_SECCOMP_FILTER_HPP
#define DAEMONIZE_TESTS_SUPPORT_SECCOMP_FILTER_HPP

#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace test {

#if defined(__x86_64__)
constexpr unsigned own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned own_architecture = AUDIT_ARCH_AARCH64;
#elif defined(__i386__)
constexpr unsigned own_architecture = AUDIT_ARCH_I386;
#else
constexpr unsigned own_architecture = 0; // the system call numbers of other architectures are unknown
#endif

/// Makes these calls fail with `error`. For a child of the test, because a filter cannot be removed.
inline void refuse_calls(const std::vector<long>& calls, int error) {
    std::vector<struct sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    for (const long call : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const struct sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
    if (own_architecture == 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
        throw std::runtime_error("cannot filter system calls");
    }
    for (const long call : calls) {
        // With arguments that no call accepts.
        if (::syscall(call, -1, -1, -1, -1, -1) != -1 || errno != error) throw std::runtime_error("no call is refused");
    }
}

} // namespace test

#endif
