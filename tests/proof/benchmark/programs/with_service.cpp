#include <daemonize.hpp>

int main(int argc, char** argv) {
    return daemonize::Service("used").run(argc, argv, [](daemonize::Context& context) {
        context.ready();
        context.wait_for_stop();
        return 0;
    });
}
