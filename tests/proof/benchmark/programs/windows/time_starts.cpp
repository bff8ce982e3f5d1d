// time_starts ROUNDS: installs win_service.exe and raw_service.exe of the same folder, starts each in turn, and prints
// the median times from StartService to RUNNING, in milliseconds.
#include <windows.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string>
#include <vector>

namespace {

void must(bool succeeded, const char* what) {
    if (succeeded) return;
    std::fprintf(stderr, "time_starts: %s: error %lu\n", what, GetLastError());
    std::exit(1);
}

void await(SC_HANDLE service, DWORD state) {
    SERVICE_STATUS status = {};
    while (status.dwCurrentState != state) must(QueryServiceStatus(service, &status) != 0, "QueryServiceStatus");
}

SC_HANDLE installed(SC_HANDLE manager, const wchar_t* name) {
    wchar_t path[MAX_PATH];
    must(GetModuleFileNameW(nullptr, path, MAX_PATH) != 0, "GetModuleFileName");
    *(std::wcsrchr(path, L'\\') + 1) = L'\0';
    const std::wstring program = L"\"" + std::wstring(path) + name + L".exe\"";
    const SC_HANDLE service =
        CreateServiceW(manager, name, name, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, SERVICE_DEMAND_START,
                       SERVICE_ERROR_NORMAL, program.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr);
    must(service != nullptr, "CreateService");
    return service;
}

double milliseconds_to_start(SC_HANDLE service) {
    LARGE_INTEGER start, end, per_second;
    QueryPerformanceFrequency(&per_second);
    QueryPerformanceCounter(&start);
    must(StartServiceW(service, 0, nullptr) != 0, "StartService");
    await(service, SERVICE_RUNNING);
    QueryPerformanceCounter(&end);
    SERVICE_STATUS status;
    must(ControlService(service, SERVICE_CONTROL_STOP, &status) != 0, "ControlService");
    await(service, SERVICE_STOPPED);
    return static_cast<double>(end.QuadPart - start.QuadPart) * 1000 / static_cast<double>(per_second.QuadPart);
}

double median(std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

} // namespace

int main(int, char** argv) {
    const SC_HANDLE manager = OpenSCManagerW(nullptr, nullptr, SC_MANAGER_ALL_ACCESS);
    must(manager != nullptr, "OpenSCManager");
    const SC_HANDLE services[] = {installed(manager, L"win_service"), installed(manager, L"raw_service")};
    std::vector<double> times[2];
    for (int round = std::atoi(argv[1]); round > 0; --round) {
        for (int i = 0; i < 2; ++i) times[i].push_back(milliseconds_to_start(services[i]));
    }
    for (const SC_HANDLE service : services) must(DeleteService(service) != 0, "DeleteService");
    std::printf("%f %f\n", median(times[0]), median(times[1]));
}
