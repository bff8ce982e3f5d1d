// A service whose first argument names its body, for cases without an example: a slow start, a body that stalls, a body
// that fails. BODY_INSTANCE is the instance. A gate is a file: the body waits until the test makes the file.
#include <daemonize.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using daemonize::Context;
using daemonize::Severity;
using Parameters = std::vector<std::string>;
using std::chrono::milliseconds;

void wait_at(Context& context, const std::string& gate) {
    context.status("waits at " + gate);
    while (::access(gate.c_str(), F_OK) != 0 && !context.stop_requested()) ::usleep(20000);
}

int serve(Context& context) {
    context.ready();
    context.wait_for_stop();
    return 0;
}

// gated GATE: the start and each reload complete only when the gate exists.
int gated(Context& context, const Parameters& parameters) {
    context.on_reload([&] {
        wait_at(context, parameters[1]);
        context.status("went through");
    });
    wait_at(context, parameters[1]);
    return serve(context);
}

// slow SECONDS [silent]: the start takes two and a half times as long as SECONDS, the time-out of the unit, and each
// progress report extends the start by SECONDS. With `silent` the body reports no progress.
int slow(Context& context, const Parameters& parameters) {
    const long limit = 1000 * std::strtol(parameters[1].c_str(), nullptr, 10);
    for (int done = 0; done < 10; ++done) {
        if (parameters.size() < 3) context.progress("started " + std::to_string(done) + " of 10", milliseconds(limit));
        if (!context.sleep_for(milliseconds(limit / 4))) return 0;
    }
    return serve(context);
}

// busy: never sleeps, but polls.
int busy(Context& context, const Parameters&) {
    context.ready();
    for (volatile unsigned long done = 0; context.poll();) done = done + 1;
    return 0;
}

// stalled: is ready, and then stays for ever in a call that does not return.
int stalled(Context& context, const Parameters&) {
    context.ready();
    for (;;) static_cast<void>(::pause());
}

// failing: runs until a reload, and then fails.
int failing(Context& context, const Parameters&) {
    bool failed = false;
    context.on_reload([&] { failed = true; });
    context.ready();
    while (!failed && context.sleep_for(milliseconds(20))) {
    }
    return failed ? context.fail("the disk is gone", 3) : 0;
}

// throwing TEXT
int throwing(Context&, const Parameters& parameters) { throw std::runtime_error(parameters[1]); }

// arguments FILE ...: writes all its arguments to FILE, each with a zero byte after it.
int arguments(Context& context, const Parameters& parameters) {
    std::FILE* file = std::fopen(parameters[1].c_str(), "w");
    if (file == nullptr) return context.fail("cannot write " + parameters[1]);
    bool written = true;
    for (const std::string& word : parameters) {
        written = std::fwrite(word.c_str(), 1, word.size() + 1, file) == word.size() + 1 && written;
    }
    if (std::fclose(file) != 0 || !written) return context.fail("cannot write " + parameters[1]);
    return serve(context);
}

// directories: writes a file into each of its directories.
int directories(Context& context, const Parameters&) {
    for (const std::string* directory :
         {&context.runtime_directory(), &context.state_directory(), &context.log_directory()}) {
        std::FILE* file = std::fopen((*directory + "/written").c_str(), "w");
        if (file == nullptr || std::fclose(file) != 0) return context.fail("cannot write to " + *directory);
    }
    context.status(context.runtime_directory() + " " + context.state_directory() + " " + context.log_directory());
    return serve(context);
}

// log: writes a line of each severity.
int log(Context& context, const Parameters&) {
    context.log(Severity::information, "all is well");
    context.log(Severity::warning, "the disk is nearly full");
    context.log(Severity::failure, "the disk is full");
    return serve(context);
}

// sockets: reports the passed sockets.
int sockets(Context& context, const Parameters&) {
    std::string text;
    for (const daemonize::Socket& socket : context.sockets()) {
        text += socket.name() + (socket.kind() == daemonize::SocketKind::listening ? " listens, " : " is connected, ");
    }
    context.status(text + context.name());
    return serve(context);
}

// store: stores one end of a socket pair, with a text in it, at the manager, and reads the text when the manager passes
// the socket back.
int store(Context& context, const Parameters&) {
    for (const daemonize::Socket& socket : context.sockets()) {
        if (socket.name() != "kept") continue;
        char word[16] = "";
        if (::recv(socket.get(), word, sizeof word - 1, MSG_DONTWAIT) < 0) return context.fail("it came back empty");
        context.status(socket.name() + " came back with " + word);
        return serve(context);
    }
    int ends[2];
    daemonize::Failure failure;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 || ::send(ends[0], "a word", 6, 0) != 6 ||
        !context.notifier().store(ends[1], "kept", failure) || !context.notifier().store(ends[0], "other", failure)) {
        return context.fail("cannot store it: " + failure.message());
    }
    context.status("stored");
    return serve(context);
}

struct Body {
    const char* name;
    int (*run)(Context& context, const Parameters& parameters);
    std::size_t parameters; // at least
};

constexpr Body bodies[] = {
    {"gated", gated, 2},     {"slow", slow, 2},         {"busy", busy, 1},           {"stalled", stalled, 1},
    {"failing", failing, 1}, {"throwing", throwing, 2}, {"arguments", arguments, 2}, {"directories", directories, 1},
    {"log", log, 1},         {"sockets", sockets, 1},   {"store", store, 1},
};

int run(Context& context) {
    const Parameters& parameters = context.arguments();
    for (const Body& body : bodies) {
        if (parameters.size() >= body.parameters && parameters[0] == body.name) return body.run(context, parameters);
    }
    return context.fail("no such body", 2);
}

} // namespace

int main(int argc, char** argv) {
    const char* instance = std::getenv("BODY_INSTANCE");
    return daemonize::Service("bodyd").instance_name(instance != nullptr ? instance : "").run(argc, argv, run);
}
