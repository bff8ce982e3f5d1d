// The portable core of a Windows service with several threads, as on Windows: ServiceMain, the control handler, and
// threads of the application that report progress, query and stop. For ThreadSanitizer.
#include <daemonize.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace daemonize;

namespace {

// A port with a real lock, and a time that passes by itself.
class ThreadedPort final : public detail::ServicePort {
  public:
    std::vector<ServiceStatus> reports; // written under the lock alone, as the core promises

    std::uint32_t register_handler(detail::ServiceCore&, const std::string&) noexcept override {
        const std::lock_guard<std::mutex> held(registered_lock_);
        registered_ = true;
        registered_changed_.notify_all();
        return 0;
    }
    void await_registration() {
        std::unique_lock<std::mutex> held(registered_lock_);
        registered_changed_.wait(held, [this] { return registered_; });
    }
    std::uint32_t set_status(const ServiceStatus& status) noexcept override {
        reports.push_back(status);
        return 0;
    }
    void* service_handle() noexcept override { return nullptr; }
    void lock() noexcept override { mutex_.lock(); }
    void unlock() noexcept override { mutex_.unlock(); }
    bool wait(Duration longest) noexcept override {
        std::unique_lock<std::mutex> held(mutex_, std::adopt_lock);
        // Never for good: a wake-up that comes before is kept by the core's own state.
        const std::int64_t most = longest.milliseconds() < 50 ? longest.milliseconds() : 50;
        woken_.wait_for(held, std::chrono::milliseconds(most));
        held.release();
        return true;
    }
    void wake() noexcept override { woken_.notify_all(); }
    void set_event(bool pending) noexcept override { event_ = pending; }
    void* native_handle() noexcept override { return nullptr; }
    Duration now() noexcept override { return std::chrono::steady_clock::now().time_since_epoch(); }
    Duration stop_allowance(const std::string&, StopReason) noexcept override { return Duration::longest(); }
    void log(Severity, const std::string&, const std::string&) noexcept override {}
    void show_progress(const std::string&, const std::string&) noexcept override {}

  private:
    std::mutex mutex_, registered_lock_;
    std::condition_variable woken_, registered_changed_;
    bool registered_ = false;
    bool event_ = false;
};

// One life of a service, in the middle of controls. All its reports.
std::vector<ServiceStatus> live(unsigned seed) {
    // NOLINTNEXTLINE(cert-msc32-c,cert-msc51-cpp): a failure is to come again
    std::mt19937 random(seed);
    using Context = WinServiceContext;
    detail::ServiceCore core("Threads");
    int callbacks = 0; // the body's alone
    const auto handle = [&](Control control, bool at_once) {
        core.handlers.set(control, control, at_once, [&callbacks, at_once](Context&, const ControlEvent&) {
            if (!at_once) ++callbacks;
            return 7u;
        });
    };
    handle(Control::pause, false);
    handle(Control::resume, false);
    handle(user_control(130), false);
    handle(user_control(131), true);
    core.accepted = core.accepted | Accept::pause_continue;
    core.body = Callback<int(Context&)>([](Context& context) {
        std::thread helper([&context] {
            for (int i = 0; i < 20; ++i) {
                context.progress("helping");
                context.accept(Accept::preshutdown);
                static_cast<void>(context.stop_deadline());
                static_cast<void>(context.paused());
            }
        });
        context.ready();
        while (context.sleep_for(Duration::milliseconds(1))) {
        }
        helper.join();
        return 0;
    });
    ThreadedPort port;
    core.prepare(port, ServiceType::own_process);
    std::thread service_main([&core] { core.main({"Threads"}); });
    port.await_registration();
    static const Control some[] = {Control::pause, Control::resume, Control::interrogate, user_control(130),
                                   user_control(131)};
    for (unsigned i = random() % 60; i > 0; --i) core.handle(ControlEvent(some[random() % 5]));
    std::thread other([&core] { core.request_stop(StopReason::interrupt, Duration::seconds(5)); });
    core.handle(ControlEvent(Control::stop));
    other.join();
    service_main.join();
    return port.reports;
}

} // namespace

TEST_CASE("a service that is controlled from several threads stops once, and last") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const std::vector<ServiceStatus> reports = live(seed);
        INFO("seed " << seed);
        REQUIRE(reports.size() >= 2);
        CHECK(reports.back().state == ServiceState::stopped);
        CHECK(reports.back().exit_code == 0);
        for (std::size_t i = 0; i + 1 < reports.size(); ++i) {
            CHECK(reports[i].state != ServiceState::stopped);
            const bool goes_back = reports[i].state == ServiceState::stop_pending &&
                                   reports[i + 1].state != ServiceState::stop_pending &&
                                   reports[i + 1].state != ServiceState::stopped;
            CHECK_FALSE(goes_back);
        }
    }
}
