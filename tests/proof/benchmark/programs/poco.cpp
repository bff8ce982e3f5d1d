// poco --daemon --pidfile=PID_FILE: a ServerApplication of Poco, which becomes a daemon by itself.
#include <Poco/Util/ServerApplication.h>
#include <iostream> // which its macro for main wants

class Server : public Poco::Util::ServerApplication {
    int main(const std::vector<std::string>&) override {
        waitForTerminationRequest();
        return 0;
    }
};

POCO_SERVER_MAIN(Server)
