// Fuzz targets for quoting: quoted arguments come back unchanged through independent parsers, for a shell, for systemd
// and for a command line of Windows.
#include <daemonize/posix/service/quote.hpp>
#include <daemonize/scm/command_line.hpp>

#include "fuzz.hpp"

#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using daemonize::detail::parse_command_line;
using Words = std::vector<std::string>;

// sh(1), 2.2 "Quoting", for words that use nothing but quotes, backslashes and blanks. Anything else that means
// something to a shell, outside of quotes, ends the process: it would not have been quoted.
Words read_as_shell(const std::string& line) {
    Words words;
    bool inside = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        const char c = line[at];
        if (c == ' ') {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (c == '\'') {
            const std::size_t end = line.find('\'', at + 1);
            HOLDS(end != std::string::npos);
            words.back() += line.substr(at + 1, end - at - 1);
            at = end;
        } else {
            HOLDS(c == '\\' && at + 1 < line.size() && line[at + 1] != '\n');
            words.back() += line[++at];
        }
    }
    return words;
}

// systemd.service(5), "Command lines", and systemd.syntax(7), "Quoting". The first word is the path, in which variables
// are not replaced.
Words read_as_systemd(const std::string& line) {
    HOLDS(line.find('\n') == std::string::npos);
    Words words;
    const auto hex = [](char c) {
        HOLDS((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        return c <= '9' ? c - '0' : c - 'a' + 10;
    };
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (line[at] == ' ') continue;
        HOLDS(line[at] == '"');
        std::string word;
        for (++at; at < line.size() && line[at] != '"'; ++at) {
            char c = line[at];
            if (c == '\\') {
                c = line.at(++at);
                HOLDS(c == '\\' || c == '"' || c == 'x');
                if (c == 'x') {
                    c = static_cast<char>(hex(line.at(at + 1)) * 16 + hex(line.at(at + 2)));
                    at += 2;
                }
            } else if (c == '%' || (c == '$' && !words.empty())) {
                HOLDS(line.at(++at) == c); // a specifier, or a variable
            }
            word += c;
        }
        HOLDS(at < line.size());
        words.push_back(word);
    }
    return words;
}

// CommandLineToArgvW as its documentation has it, counting quotes: an odd number of backslashes makes the quote behind
// them plain; the third quote of a row is a plain one.
Words read_as_windows(const std::string& line) {
    Words words;
    if (line.empty()) return words;
    std::size_t at = line[0] == '"' ? 1 : 0;
    const std::size_t end = at == 1 ? line.find('"', 1) : line.find_first_of(" \t");
    words.push_back(line.substr(at, end == std::string::npos ? end : end - at));
    at = end == std::string::npos ? line.size() : end + (at == 1 ? 1 : 0);
    int quotes = 0;
    std::size_t backslashes = 0;
    bool inside = false;
    for (; at < line.size(); ++at) {
        const char c = line[at];
        if ((c == ' ' || c == '\t') && quotes == 0) {
            inside = false;
            backslashes = 0;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        std::string& word = words.back();
        if (c == '"') {
            word.resize(word.size() - (backslashes + 1) / 2);
            if (backslashes % 2 != 0) {
                word += '"';
            } else {
                ++quotes;
            }
            while (at + 1 < line.size() && line[at + 1] == '"') {
                if (++quotes == 3) {
                    word += '"';
                    quotes = 0;
                }
                ++at;
            }
            if (quotes == 2) quotes = 0;
        } else {
            word += c;
        }
        backslashes = c == '\\' ? backslashes + 1 : 0;
    }
    return words;
}

// The arguments that sh reads from the line, with a zero byte after each.
std::string ask_shell(const std::string& line) {
    int ends[2];
    HOLDS(::pipe(ends) == 0);
    const std::string script = "printf '%s\\000' x " + line;
    const pid_t child = ::fork();
    HOLDS(child >= 0);
    if (child == 0) {
        if (::dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO)
            ::execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string said;
    char part[4096];
    for (ssize_t size = 0; (size = ::read(ends[0], part, sizeof part)) > 0;)
        said.append(part, static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = -1;
    HOLDS(::waitpid(child, &status, 0) == child && status == 0);
    return said;
}

} // namespace

// With FUZZ_SHELL, as the corpus is replayed, sh is asked as well: it is too slow to be asked a million times.
TARGET(shell_words) {
    const Words words = fuzz::some_words(bytes);
    std::string line, plain(std::string("x") + '\0');
    for (const std::string& word : words) {
        line += ' ' + daemonize::detail::quote_for_shell(word);
        plain += word + '\0';
    }
    HOLDS(read_as_shell(line) == words);
    static const bool asks = std::getenv("FUZZ_SHELL") != nullptr;
    if (asks) HOLDS(ask_shell(line) == plain);
}

TARGET(unit_words) {
    Words words = fuzz::some_words(bytes);
    words.insert(words.begin(), "/" + fuzz::some_word(bytes));
    std::string line;
    for (std::size_t i = 0; i < words.size(); ++i)
        line += (i == 0 ? "" : " ") + daemonize::detail::quote_for_unit(words[i], i == 0);
    HOLDS(read_as_systemd(line) == words);
    HOLDS(daemonize::detail::arguments_in_unit(line) == words);
}

// A unit that anybody may have edited, or that was cut short: words no longer than what they were read from.
TARGET(edited_unit) {
    const std::string line = bytes.ConsumeRemainingBytesAsString();
    std::size_t size = 0;
    for (const std::string& word : daemonize::detail::arguments_in_unit(line)) size += word.size() + 2;
    HOLDS(size <= line.size());
}

TARGET(windows_arguments) {
    Words words = fuzz::some_words(bytes);
    std::string program = fuzz::some_word(bytes);
    for (char& c : program) c = c == '"' ? '_' : c; // which no path has
    const std::string line = daemonize::detail::join_command_line(program, words);
    words.insert(words.begin(), program);
    HOLDS(read_as_windows(line) == words);
    HOLDS(parse_command_line(line) == words);
}

TARGET(windows_line) {
    const std::string line = bytes.ConsumeRemainingBytesAsString();
    HOLDS(parse_command_line(line) == read_as_windows(line));
}
