// xinetd and inetd, which hold the sockets and start a program: once for each connection, or once for the listening
// socket. Each test has a private configuration and a private address of the loopback.
#include "host.hpp"

using test::Client;
using test::eventually;

namespace {

// Returns the path in the directory of tests/support/setup/super_servers.sh, or the path of the package.
std::string super_server(const std::string& name) {
    const char* directory = std::getenv("DAEMONIZE_SUPER_SERVERS");
    return std::string(directory != nullptr && *directory != '\0' ? directory : "/usr/sbin") + "/" + name;
}

#define NEEDS_SUPER_SERVER(name)                                                                                       \
    do {                                                                                                               \
        NEEDS(root());                                                                                                 \
        NEEDS(own_run());                                                                                              \
        if (!test::is_program(super_server(name))) SKIP_MISSING(name);                                                 \
    } while (false)

enum class Kind { xinetd, inetd };

// A super-server that starts `command` for each connection to address(), or for the listening socket.
class SuperServer {
  public:
    SuperServer(const test::Place& place, Kind kind, bool wait, const test::Command& command) : place_(place) {
        const std::string conf = place / "conf";
        std::string arguments;
        for (std::size_t i = 1; i < command.size(); ++i) arguments += " " + command[i];
        const std::string own = kind == Kind::xinetd ? "xinetd" : "inetd";
        if (kind == Kind::xinetd) {
            test::write_file(
                conf,
                "service tested\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n bind = " + address_ +
                    "\n port = 7007\n wait = " + (wait ? "yes" : "no") + "\n user = root\n server = " + command[0] +
                    (arguments.empty() ? "" : "\n server_args =" + arguments) +
                    "\n env = PROBE_LOG=" + (place / "seen") + "\n}\n");
            start({super_server(own), "-dontfork", "-f", conf, "-pidfile", place / "pid", "-filelog", place / "log"});
        } else {
            test::write_file(conf, address_ + ":7007 stream tcp " + (wait ? "wait" : "nowait") + " root " + command[0] +
                                       " " + command[0].substr(command[0].rfind('/') + 1) + arguments + "\n");
            start({super_server(own), "-i", "-E", conf});
        }
        if (!test::is_listened_at(address_)) throw std::runtime_error(own + " does not come up");
    }

    const std::string& address() const { return address_; }

    /// The running programs that the super-server started: "123 S".
    std::set<std::string> servers() const { return test::children_of(pid_); }

    /// The number of the only server.
    pid_t server() const { return static_cast<pid_t>(std::atol(servers().begin()->c_str())); }

    /// Ends the super-server. Returns true if no process is left.
    bool end() const {
        test::kill(pid_, SIGTERM);
        place_.orphans().wait_for(pid_);
        return place_.orphans().is_empty();
    }

  private:
    void start(const test::Command& command) {
        pid_ = place_.start(command, [&] { ::setenv("PROBE_LOG", (place_ / "seen").c_str(), 1); });
    }

    const test::Place& place_;
    std::string address_ = test::loopback();
    pid_t pid_ = 0;
};

// nowait: the program gets the connection.
void serves_connections(Kind kind) {
    const test::Place place;
    const SuperServer super(place, kind, false, {test::echo_server});
    {
        const Client first(super.address()), second(super.address());
        CHECK(second.echo("of the second") == "of the second");
        CHECK(first.echo("of the first") == "of the first");
        CHECK(super.servers().size() == 2); // one for each connection
        CHECK(first.echo("again") == "again");
        first.end();
        CHECK(first.receive() == "");
        CHECK(eventually([&] { return super.servers().size() == 1; }));
        // After a stop each received line is still answered.
        second.send("the last word");
        test::kill(super.server(), SIGTERM);
        CHECK(second.receive() == "the last word");
    }
    CHECK(eventually([&] { return super.servers().empty(); }));
    CHECK_FALSE(test::exists(place / "run/echod.pid")); // because many servers run at once
    CHECK(super.end());
}

// wait: the program gets the listening socket, and keeps it until the program ends.
void serves_the_socket(Kind kind) {
    const test::Place place;
    const SuperServer super(place, kind, true, {test::echo_server});
    {
        const Client first(super.address()), second(super.address());
        CHECK(second.echo("of the second") == "of the second");
        CHECK(first.echo("of the first") == "of the first");
        REQUIRE(super.servers().size() == 1); // one server for both connections
        test::kill(super.server(), SIGTERM);
        CHECK(first.receive() == "");
        CHECK(second.receive() == "");
    }
    CHECK(eventually([&] { return super.servers().empty(); }));
    const Client third(super.address());
    CHECK(third.echo("another begins") == "another begins");
    REQUIRE(super.servers().size() == 1);
    test::kill(super.server(), SIGTERM);
    CHECK(third.receive() == "");
    CHECK(eventually([&] { return super.servers().empty(); }));
    CHECK(super.end());
}

// The output, the log and the failure text of the program do not reach the peer, whose socket was on descriptors 0 to
// 2.
void keeps_output_from_peer(Kind kind, const char* what, const std::string& seen) {
    const test::Place place;
    const SuperServer super(place, kind, false, {test::probe, "run", what});
    const Client client(super.address());
    CHECK(client.receive() == "");
    CHECK(eventually([&] { return super.servers().empty(); }));
    CHECK(test::contents(place / "seen") == seen);
    CHECK(super.end());
}

} // namespace

TEST_CASE("xinetd: with wait = no the service has the connection") {
    NEEDS_SUPER_SERVER("xinetd");
    serves_connections(Kind::xinetd);
}

TEST_CASE("xinetd: with wait = yes the service has the listening socket, and gives it back by ending") {
    NEEDS_SUPER_SERVER("xinetd");
    serves_the_socket(Kind::xinetd);
}

TEST_CASE("xinetd: no stray word reaches the peer") {
    NEEDS_SUPER_SERVER("xinetd");
    keeps_output_from_peer(Kind::xinetd, "stray", "wrote\n");
    keeps_output_from_peer(Kind::xinetd, "exit", "");
}

TEST_CASE("inetd: with nowait the service has the connection") {
    NEEDS_SUPER_SERVER("inetd");
    serves_connections(Kind::inetd);
}

TEST_CASE("inetd: with wait the service has the listening socket, and gives it back by ending") {
    NEEDS_SUPER_SERVER("inetd");
    serves_the_socket(Kind::inetd);
}

TEST_CASE("inetd: no stray word reaches the peer") {
    NEEDS_SUPER_SERVER("inetd");
    keeps_output_from_peer(Kind::inetd, "stray", "wrote\n");
    keeps_output_from_peer(Kind::inetd, "exit", "");
}
