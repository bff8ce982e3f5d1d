// Signals in an Asio program: the io_context waits for the descriptor of Events, beside other operations.
#include <daemonize.hpp>

#include <asio.hpp>
#include <cstdio>

namespace {

class Program {
  public:
    int run() {
        events_.on_reload([] { std::puts("reload"); });
        events_.on_stop([this] { loop_.stop(); });
        await_signals();
        tick();
        loop_.run();
        std::printf("stop, by signal %d\n", events_.stop_signal());
        signals_.release(); // Events closes the descriptor
        return 0;
    }

  private:
    void await_signals() {
        signals_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& error) {
            if (!error && events_.poll()) await_signals();
        });
    }

    void tick() {
        std::puts("tick");
        timer_.expires_after(std::chrono::milliseconds(100));
        timer_.async_wait([this](const asio::error_code& error) {
            if (!error) tick();
        });
    }

    daemonize::Events events_;
    asio::io_context loop_;
    asio::posix::stream_descriptor signals_{loop_, events_.native_handle()};
    asio::steady_timer timer_{loop_};
};

} // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    try {
        return Program().run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "asio_loop: %s\n", error.what());
        return 1;
    }
}
