// Hundreds of starts and stops, with controls from four threads at random moments, under a real services.exe.
// DAEMONIZE_CYCLES is the number of cycles (default: 12), DAEMONIZE_SEED the seed (default: from the clock; printed).
#include "installed.hpp"

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <thread>

using namespace test;

namespace {

unsigned number(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// Any number of controls are under way at once, but a stop is alone. Before Wine's services.exe passes a stop on, it
// notes that one was asked for; at any other control, until the service has said STOP_PENDING, it then takes the
// service for one that hangs, and kills its process (force_shutdown in svcctl_ControlService): the exit code is 0,
// the stop is answered with error 109, and the state stays as it was. That befalls every service; Windows lets the
// second control wait.
class Turns {
  public:
    std::shared_lock<std::shared_mutex> with_others() {
        const std::lock_guard<std::mutex> behind_a_stop(door_);
        return std::shared_lock<std::shared_mutex>(turn_);
    }
    std::unique_lock<std::shared_mutex> alone() {
        const std::lock_guard<std::mutex> before_all_others(door_);
        return std::unique_lock<std::shared_mutex>(turn_);
    }

  private:
    std::mutex door_; // who waits for their turn does not wait for ever
    std::shared_mutex turn_;
};

Turns turns;

// One service, opened once: each call is as quick as can be.
class Raw {
  public:
    Raw()
        : scm_(::OpenSCManagerW(nullptr, nullptr, SC_MANAGER_CONNECT)),
          service_(::OpenServiceW(scm_, L"daemonize-test", SERVICE_ALL_ACCESS)) {
        HOLDS(service_ != nullptr);
    }
    Raw(const Raw&) = delete;
    Raw& operator=(const Raw&) = delete;
    ~Raw() {
        ::CloseServiceHandle(service_);
        ::CloseServiceHandle(scm_);
    }

    DWORD start(const std::vector<const wchar_t*>& words) const {
        auto* const first = const_cast<const wchar_t**>(words.data());
        return ::StartServiceW(service_, static_cast<DWORD>(words.size()), first) ? 0 : ::GetLastError();
    }
    DWORD stop() const {
        const auto held = turns.alone();
        return control(SERVICE_CONTROL_STOP);
    }
    DWORD send(DWORD which) const {
        const auto held = turns.with_others();
        return control(which);
    }
    SERVICE_STATUS_PROCESS status() const {
        SERVICE_STATUS_PROCESS now = {};
        DWORD size = 0;
        HOLDS(
            ::QueryServiceStatusEx(service_, SC_STATUS_PROCESS_INFO, reinterpret_cast<BYTE*>(&now), sizeof now, &size));
        return now;
    }

  private:
    DWORD control(DWORD which) const {
        SERVICE_STATUS status;
        return ::ControlService(service_, which, &status) ? 0 : ::GetLastError();
    }

    SC_HANDLE scm_;
    SC_HANDLE service_;
};

using Random = std::mt19937;

// A moment of up to five milliseconds, half of them next to none.
void wait_a_moment(Random& random) {
    LARGE_INTEGER frequency, now, end;
    ::QueryPerformanceFrequency(&frequency);
    ::QueryPerformanceCounter(&end);
    end.QuadPart += frequency.QuadPart * (random() % 2 == 0 ? random() % 5000 : random() % 100) / 1000000;
    do ::QueryPerformanceCounter(&now);
    while (now.QuadPart < end.QuadPart);
}

constexpr DWORD controls[] = {SERVICE_CONTROL_PAUSE,
                              SERVICE_CONTROL_CONTINUE,
                              SERVICE_CONTROL_INTERROGATE,
                              SERVICE_CONTROL_PARAMCHANGE,
                              130,
                              131};

// The valid answers of the SCM: taken, not accepted, not now, not running; and 1234, the answer of the service to 131.
bool is_answer(DWORD error) { return error == 0 || error == 1052 || error == 1061 || error == 1062 || error == 1234; }

// Controls without a pause, until it is told to end.
class Storm {
  public:
    explicit Storm(unsigned seed) : thread_([this, seed] { run(seed); }) {}
    Storm(const Storm&) = delete;
    Storm& operator=(const Storm&) = delete;
    ~Storm() { end(); }

    void end() {
        ending_ = true;
        if (thread_.joinable()) thread_.join();
    }
    unsigned sent = 0, taken = 0;
    DWORD wrong = 0;

  private:
    void run(unsigned seed) {
        Random random(seed);
        const Raw service;
        while (!ending_) {
            const DWORD answer = service.send(controls[random() % std::size(controls)]);
            ++sent;
            if (answer == 0) ++taken;
            if (!is_answer(answer)) wrong = answer;
            wait_a_moment(random);
        }
    }

    std::atomic<bool> ending_{false};
    std::thread thread_; // the last: it uses the others
};

std::size_t lines_with(const std::string& start) {
    std::size_t count = 0;
    const std::string all = "\n" + notes();
    for (std::size_t at = all.find("\n" + start); at != std::string::npos; at = all.find("\n" + start, at + 1)) ++count;
    return count;
}

} // namespace

CASE(random_moments) {
    const unsigned cycles = number("DAEMONIZE_CYCLES", 12);
    const unsigned seed = number("DAEMONIZE_SEED", ::GetTickCount());
    std::printf("seed %u, %u cycles\n", seed, cycles);
    Random random(seed);
    const Installed installed;
    const Raw service;
    std::vector<std::unique_ptr<Storm>> storms;
    for (int i = 0; i < 3; ++i) storms.push_back(std::make_unique<Storm>(static_cast<unsigned>(random())));
    std::map<DWORD, unsigned> refused; // how often a stop was, and why
    unsigned unanswered = 0;
    for (unsigned i = 0; i < cycles && failures() == 0; ++i) {
        static const wchar_t* const kinds[] = {L"plain", L"slow", L"slow stop"};
        const std::vector<const wchar_t*> words = {kinds[random() % 3], L"3"};
        SAME(service.start(words), DWORD{0});
        const HANDLE process = ::OpenProcess(SYNCHRONIZE, FALSE, service.status().dwProcessId);
        HOLDS(process != nullptr);
        // Most stops come to a service that runs, or pauses, or goes on; the others while it starts.
        const bool waits = random() % 8 != 0;
        while (waits && service.status().dwCurrentState == SERVICE_START_PENDING) wait_a_moment(random);
        for (unsigned moments = random() % 16; moments > 0; --moments) wait_a_moment(random);
        DWORD error = 0;
        // Wine's dispatcher lets main() end while the handler's answer is still on its way: that is error 109 as well.
        while (failures() == 0 && (error = service.stop()) != 0 && error != ERROR_BROKEN_PIPE) {
            if (error != 1052) SAME(error, DWORD{1061});
            ++refused[error];
            const DWORD state = service.status().dwCurrentState;
            HOLDS(state != SERVICE_STOPPED && state != SERVICE_STOP_PENDING); // nobody else stops it
        }
        if (error == ERROR_BROKEN_PIPE) ++unanswered;
        SERVICE_STATUS_PROCESS now = service.status();
        for (; now.dwCurrentState != SERVICE_STOPPED && failures() == 0; now = service.status()) {
            SAME(now.dwCurrentState, DWORD{SERVICE_STOP_PENDING}); // a stop that was taken is never lost
            SAME(now.dwControlsAccepted, DWORD{0});
        }
        SAME(now.dwWin32ExitCode, DWORD{0});
        SAME(now.dwCheckPoint, DWORD{0});
        // Wine gives a start to the last process, where that is still on its way out.
        SAME(::WaitForSingleObject(process, patience()), WAIT_OBJECT_0);
        ::CloseHandle(process);
    }
    unsigned sent = 0, taken = 0;
    for (const auto& storm : storms) {
        storm->end();
        SAME(storm->wrong, DWORD{0});
        sent += storm->sent;
        taken += storm->taken;
    }
    HOLDS(taken > 0);
    SAME(lines_with("ready"), std::size_t{cycles});
    SAME(lines_with("stop 1"), std::size_t{cycles});
    SAME(lines_with("main ends with 0"), std::size_t{cycles}); // what is killed does not come to it
    SAME(manager().status().exit_code, 0u);
    if (failures() != 0) return;
    std::printf("%u starts and stops, all as told; %u other controls sent from %u threads, %u taken; "
                "%u stops came too early, %u lost their answer\n",
                cycles, sent, static_cast<unsigned>(storms.size()), taken, refused[1052] + refused[1061], unanswered);
}

int main(int count, char** values) { return run_cases(count, values); }
