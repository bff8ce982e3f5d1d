// poco --daemon --pidfile=PID_FILE: Poco's ServerApplication, which daemonizes itself.
#include <Poco/Util/ServerApplication.h>
#include <iostream> // which its macro for main wants

class Server : public Poco::Util::ServerApplication {
    int main(const std::vector<std::string>&) override {
        waitForTerminationRequest();
        return 0;
    }
};

POCO_SERVER_MAIN(Server)
