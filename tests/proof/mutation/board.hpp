// The report of a test program to the driver: the mutants that it reached, and its end.
#ifndef DAEMONIZE_TESTS_PROOF_MUTATION_BOARD_HPP
#define DAEMONIZE_TESTS_PROOF_MUTATION_BOARD_HPP

namespace mutation {

/// A process that leaves earlier with exit status 0, as a daemon does, has passed no test.
void finish(int process) noexcept;

} // namespace mutation

#endif
