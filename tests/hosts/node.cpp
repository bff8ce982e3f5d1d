// Node passes AF_UNIX sockets as descriptors 0 to 2 to the programs that it starts. detect_host() must not report
// inetd.
#include "host.hpp"

namespace {

void use(const test::Place& place, const std::string& address, pid_t parent) {
    REQUIRE(test::answers(address));
    const test::Client client(address);
    CHECK(client.echo("hello") == "hello");
    client.end();
    CHECK(client.receive() == "");
    const pid_t pid = place.pid_of("echod"); // the service, and not a process for one connection
    REQUIRE(pid > 0);
    CHECK(test::process_status("PPid", pid) == std::to_string(parent));
    test::kill(pid, SIGTERM);
}

} // namespace

TEST_CASE("socketpair: one at descriptor 0 is no inetd, and the service listens itself") {
    NEEDS(own_run());
    const test::Place place;
    const std::string address = test::loopback();
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const pid_t server = place.start({test::echo_server}, [&] {
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(ends[1], stream);
        ::setenv("ECHO_ADDRESS", (address + ":7007").c_str(), 1);
    });
    ::close(ends[1]);
    use(place, address, ::getpid());
    CHECK(place.orphans().wait_for(server) == 0);
    char byte;
    CHECK(::recv(ends[0], &byte, 1, 0) == 0); // the service wrote nothing to the socket
    ::close(ends[0]);
}

TEST_CASE("node: a child with pipes for streams runs in the foreground, and listens itself") {
    NEEDS_PROGRAM("node", "nodejs");
    NEEDS(own_run());
    const test::Place place;
    const std::string address = test::loopback();
    test::write_file(place / "parent.js", R"(
const { spawn } = require('child_process');
const fs = require('fs');
const child = spawn(process.argv[2], [], { stdio: ['pipe', 'pipe', 'pipe'] });
function look() {
    try {
        fs.writeFileSync('stdin', fs.readlinkSync('/proc/' + child.pid + '/fd/0'));
    } catch (error) {
        if (error.code !== 'EACCES') throw error; // an ordinary user may not look during execve(2)
        setImmediate(look);
    }
}
look();
let said = '';
child.stdout.on('data', (data) => { said += data; });
child.stderr.on('data', (data) => { said += data; });
child.on('close', (code) => { process.stdout.write(said); process.exit(code === null ? 99 : code); });
)");
    const pid_t node = place.start({"node", "parent.js", test::echo_server},
                                   [&] { ::setenv("ECHO_ADDRESS", (address + ":7007").c_str(), 1); });
    REQUIRE(test::eventually([&] { return test::exists(place / "stdin"); })); // use() ends the child
    use(place, address, node);
    CHECK(place.orphans().wait_for(node) == 0);                  // with the exit status of the service
    CHECK(test::contents(place / "stdin").find("socket:") == 0); // otherwise the test proves nothing
}
