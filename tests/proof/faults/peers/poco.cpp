// Poco's ServerApplication: started with --daemon and --pidfile.
#include "body.hpp"

#include <Poco/Util/ServerApplication.h>
#include <iostream>

class Peer : public Poco::Util::ServerApplication {
  protected:
    int main(const std::vector<std::string>&) override {
        report_ready();
        waitForTerminationRequest();
        return EXIT_OK;
    }
};

POCO_SERVER_MAIN(Peer)
