// The body of every peer's daemon: reports to the harness, and stays.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_PEERS_BODY_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_PEERS_BODY_HPP

#include <fcntl.h>
#include <string>
#include <unistd.h>

inline void report_ready() {
    const int news = ::open("/srv/news", O_WRONLY | O_CLOEXEC);
    const std::string ready = "ready " + std::to_string(::getpid()) + "\n";
    if (::write(news, ready.data(), ready.size()) < 0) ::_exit(1);
}

inline int stay() {
    report_ready();
    for (;;) ::pause();
}

#endif
