// The tables of errors: one call a line, followed by the errors to inject.
#ifndef DAEMONIZE_TESTS_PROOF_FAULTS_TABLES_HPP
#define DAEMONIZE_TESTS_PROOF_FAULTS_TABLES_HPP

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace faults {

using Errnos = std::map<std::string, std::vector<std::string>>;

inline Errnos read_errnos(const std::string& path) {
    Errnos errnos;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line[0] == '#') continue;
        std::istringstream words(line);
        std::string call, error;
        words >> call;
        errnos[call]; // one that cannot fail has none
        while (words >> error) errnos[call].push_back(error);
    }
    if (errnos.empty()) throw std::runtime_error("no errors in " + path);
    return errnos;
}

} // namespace faults

#endif
