// create() and reconfigure(): install a service, or change an existing one, completely or not at all (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_INSTALL_HPP
#define DAEMONIZE_WINDOWS_SCM_INSTALL_HPP

#include "../../scm/command_line.hpp"
#include "../../scm/service_config.hpp"
#include "../system/clock.hpp"
#include "../system/program.hpp"
#include "sc_handle.hpp"

#include <cstring>
#include <vector>

namespace daemonize {
namespace detail {

// A ServiceConfig as the strings and numbers of CreateService. `config` must outlive the object.
class WideConfig {
  public:
    WideConfig(const std::string& name, const ServiceConfig& config)
        : config_(config), name_(widen(name)),
          display_(widen(config.display_name.empty() ? name : config.display_name)),
          program_(config.program.empty() ? narrow(program_path()) : std::string(config.program)),
          path_(widen(join_command_line(program_, config.arguments))), account_(widen(config.account)),
          password_(widen(config.password)), dependencies_(list(config.dependencies)) {}

    const wchar_t* name() const noexcept { return name_.c_str(); }
    const wchar_t* display() const noexcept { return display_.c_str(); }
    const std::string& program() const noexcept { return program_; }
    const wchar_t* path() const noexcept { return path_.c_str(); }
    const wchar_t* account() const noexcept { return account_.empty() ? nullptr : account_.c_str(); }
    const wchar_t* password() const noexcept { return password_.empty() ? nullptr : password_.c_str(); }
    const wchar_t* dependencies() const noexcept { return dependencies_.c_str(); }
    DWORD type() const noexcept { return static_cast<DWORD>(config_.type); }
    DWORD start() const noexcept {
        return config_.start == StartType::delayed ? SERVICE_AUTO_START : static_cast<DWORD>(config_.start);
    }

    // A zero ends each text, and a second zero ends the list.
    static std::wstring list(const std::vector<std::string>& values) {
        std::wstring text;
        for (const std::string& value : values) text += widen(value) + L'\0';
        return text + L'\0';
    }

  private:
    const ServiceConfig& config_;
    std::wstring name_;
    std::wstring display_;
    std::string program_;
    std::wstring path_;
    std::wstring account_;
    std::wstring password_;
    std::wstring dependencies_;
};

// The structure of a configuration level with one number: SERVICE_DELAYED_AUTO_START_INFO, for example.
struct NumberInfo {
    DWORD value;
};

// Sets the levels of the configuration that CreateService does not set. Skips a level with the value of a new service,
// or with the present value of an existing service.
class ConfigLevels {
  public:
    ConfigLevels(const ScHandle& service, const std::string& name, bool existing, Failure& failure)
        : service_(service), name_(name), existing_(existing), failure_(failure) {}

    [[nodiscard]] bool set(const ServiceConfig& config) {
        std::wstring description = widen(config.description);
        SERVICE_DESCRIPTIONW text = {&description[0]};
        if ((existing_ || !config.description.empty()) && !change(SERVICE_CONFIG_DESCRIPTION, &text)) return false;
        if (!set_failure_actions(config)) return false;
        const bool delayed = config.start == StartType::delayed;
        if (!set_number(SERVICE_CONFIG_DELAYED_AUTO_START_INFO, delayed ? 1 : 0, 0)) return false;
        const bool flag = config.non_crash_failures && !config.failure_actions.empty();
        if (!set_number(SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, flag ? 1 : 0, 0)) return false;
        if (!set_number(SERVICE_CONFIG_SERVICE_SID_INFO, static_cast<DWORD>(config.sid_type), 0)) return false;
        return set_preshutdown_timeout(config) && set_privileges(config);
    }

    // Restores the levels that set() changed.
    void restore() noexcept {
        for (std::size_t i = saved_.size(); i-- > 0;) {
            empty_for_null(saved_[i].level, saved_[i].bytes.data());
            static_cast<void>(
                DAEMONIZE_SYSTEM(ChangeServiceConfig2W)(service_.get(), saved_[i].level,
                                                        saved_[i].bytes.data())); // the first failure is reported
        }
    }

  private:
    struct Saved {
        DWORD level;
        std::vector<BYTE> bytes;
    };

    // A query returns null for an absent text or list. A change with null keeps the present value; only an empty text,
    // or zero actions at an address other than null, remove it.
    static void empty_for_null(DWORD level, BYTE* bytes) noexcept {
        static wchar_t no_text[] = L"";
        static SC_ACTION no_action = {SC_ACTION_NONE, 0};
        if (level == SERVICE_CONFIG_DESCRIPTION) {
            auto& info = *reinterpret_cast<SERVICE_DESCRIPTIONW*>(bytes);
            if (info.lpDescription == nullptr) info.lpDescription = no_text;
        } else if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
            auto& info = *reinterpret_cast<SERVICE_FAILURE_ACTIONSW*>(bytes);
            if (info.lpCommand == nullptr) info.lpCommand = no_text;
            if (info.lpRebootMsg == nullptr) info.lpRebootMsg = no_text;
            if (info.lpsaActions == nullptr) info.lpsaActions = &no_action;
        }
    }

    // The structure of a level, with the texts that it points to. Empty on a failure.
    std::vector<BYTE> query(DWORD level) const {
        DWORD size = 0;
        DAEMONIZE_SYSTEM(QueryServiceConfig2W)(service_.get(), level, nullptr, 0, &size);
        std::vector<BYTE> bytes(size);
        if (size != 0 &&
            DAEMONIZE_SYSTEM(QueryServiceConfig2W)(service_.get(), level, bytes.data(), size, &size) == FALSE) {
            bytes.clear();
        }
        return bytes;
    }

    [[nodiscard]] bool change(DWORD level, void* info) {
        std::vector<BYTE> before;
        if (existing_) before = query(level);
        if (!before.empty()) saved_.push_back({level, std::move(before)});
        if (DAEMONIZE_SYSTEM(ChangeServiceConfig2W)(service_.get(), level, info) != FALSE) return true;
        const DWORD error = ::GetLastError();
        return set_failure(Stage::service_configure, error, name_ + level_text(level), failure_);
    }

    [[nodiscard]] bool set_number(DWORD level, DWORD value, DWORD initial) {
        DWORD now = initial;
        std::vector<BYTE> bytes;
        if (existing_) bytes = query(level);
        if (bytes.size() >= sizeof now) std::memcpy(&now, bytes.data(), sizeof now);
        NumberInfo info = {value};
        return now == value || change(level, &info);
    }

    [[nodiscard]] bool set_failure_actions(const ServiceConfig& config) {
        if (config.failure_actions.empty() && !existing_) return true;
        std::vector<SC_ACTION> actions;
        for (const FailureAction& action : config.failure_actions) {
            actions.push_back({static_cast<SC_ACTION_TYPE>(action.type), to_milliseconds(action.after)});
        }
        std::wstring command = widen(config.failure_command);
        wchar_t no_message[] = L"";
        SC_ACTION none = {SC_ACTION_NONE, 0};
        SERVICE_FAILURE_ACTIONSW info = {};
        const std::int64_t reset = config.failure_reset.seconds();
        info.dwResetPeriod = reset > INT32_MAX ? INFINITE : static_cast<DWORD>(reset);
        info.lpCommand = &command[0];
        info.lpRebootMsg = no_message;
        info.cActions = static_cast<DWORD>(actions.size());
        info.lpsaActions = actions.empty() ? &none : actions.data(); // null would keep the present actions
        return change(SERVICE_CONFIG_FAILURE_ACTIONS, &info);
    }

    // Windows cannot set an existing service back to its default, so the service gets the value of the present default.
    [[nodiscard]] bool set_preshutdown_timeout(const ServiceConfig& config) {
        constexpr DWORD standard = 10000;
        const bool given = config.preshutdown_timeout != Duration();
        if (!given && !existing_) return true;
        return set_number(SERVICE_CONFIG_PRESHUTDOWN_INFO,
                          given ? to_milliseconds(config.preshutdown_timeout) : standard, 0);
    }

    // An empty list stands for all privileges of the account.
    [[nodiscard]] bool set_privileges(const ServiceConfig& config) {
        if (config.privileges.empty() && !has_privileges()) return true;
        std::wstring privileges = WideConfig::list(config.privileges);
        SERVICE_REQUIRED_PRIVILEGES_INFOW required = {&privileges[0]};
        return change(SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required);
    }

    bool has_privileges() const {
        if (!existing_) return false;
        const std::vector<BYTE> bytes = query(SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO);
        if (bytes.empty()) return false;
        const wchar_t* list =
            reinterpret_cast<const SERVICE_REQUIRED_PRIVILEGES_INFOW*>(bytes.data())->pmszRequiredPrivileges;
        return list != nullptr && *list != L'\0';
    }

    static const char* level_text(DWORD level) noexcept {
        switch (level) {
        case SERVICE_CONFIG_DESCRIPTION: return "'s description";
        case SERVICE_CONFIG_FAILURE_ACTIONS: return "'s failure actions";
        case SERVICE_CONFIG_DELAYED_AUTO_START_INFO: return "'s delayed start";
        case SERVICE_CONFIG_FAILURE_ACTIONS_FLAG: return "'s flag for failures without a crash";
        case SERVICE_CONFIG_SERVICE_SID_INFO: return "'s SID type";
        case SERVICE_CONFIG_PRESHUTDOWN_INFO: return "'s pre-shutdown time-out";
        default: return "'s privileges";
        }
    }

    const ScHandle& service_;
    const std::string& name_;
    bool existing_;
    Failure& failure_;
    std::vector<Saved> saved_;
};

// Changes an existing service. A running service keeps its old configuration until its next start.
[[nodiscard]] inline bool reconfigure(const ScHandle& manager, const std::string& name, const ServiceConfig& config,
                                      const WideConfig& wide, Failure& failure) {
    // A failure action that restarts the service needs SERVICE_START, also when restore() sets it.
    const ScHandle service =
        open_service(manager, name, SERVICE_CHANGE_CONFIG | SERVICE_QUERY_CONFIG | SERVICE_START, failure);
    if (!service) return false;
    DWORD size = 0;
    DAEMONIZE_SYSTEM(QueryServiceConfigW)(service.get(), nullptr, 0, &size);
    std::vector<BYTE> bytes(size + sizeof(QUERY_SERVICE_CONFIGW));
    auto* before = reinterpret_cast<QUERY_SERVICE_CONFIGW*>(bytes.data());
    if (DAEMONIZE_SYSTEM(QueryServiceConfigW)(service.get(), before, static_cast<DWORD>(bytes.size()), &size) ==
        FALSE) {
        return set_failure(Stage::service_query, ::GetLastError(), name, failure);
    }
    const wchar_t* account = wide.account() != nullptr ? wide.account() : L"LocalSystem";
    if (DAEMONIZE_SYSTEM(ChangeServiceConfigW)(
            service.get(), wide.type(), wide.start(), SERVICE_ERROR_NORMAL, wide.path(), nullptr, nullptr,
            wide.dependencies(), account, wide.account() != nullptr ? wide.password() : L"", wide.display()) == FALSE) {
        return set_failure(Stage::service_configure, ::GetLastError(), name, failure);
    }
    ConfigLevels levels(service, name, true, failure);
    if (levels.set(config)) return true;
    levels.restore();
    // A null account keeps the present account. An account by name needs its password, which is unknown here.
    const bool same_account = DAEMONIZE_SYSTEM(lstrcmpiW)(account, before->lpServiceStartName) == 0;
    static_cast<void>(DAEMONIZE_SYSTEM(ChangeServiceConfigW)(
        service.get(), before->dwServiceType, before->dwStartType, before->dwErrorControl, before->lpBinaryPathName,
        nullptr, nullptr, before->lpDependencies != nullptr ? before->lpDependencies : L"",
        same_account ? nullptr : before->lpServiceStartName, nullptr,
        before->lpDisplayName)); // the first failure is reported
    return false;
}

// DELETE of <windows.h>: an application may have undefined that macro.
constexpr DWORD delete_access = 0x00010000;

// Creates a service with its whole configuration. Deletes the service again after a failure.
[[nodiscard]] inline bool create(const ScHandle& manager, const std::string& name, const ServiceConfig& config,
                                 const WideConfig& wide, Failure& failure) {
    DWORD access = SERVICE_CHANGE_CONFIG | delete_access;
    for (const FailureAction& action : config.failure_actions) {
        if (action.type == FailureAction::Type::restart) access |= SERVICE_START; // a restart needs this right
    }
    const ScHandle service(DAEMONIZE_SYSTEM(CreateServiceW)(
        manager.get(), wide.name(), wide.display(), access, wide.type(), wide.start(), SERVICE_ERROR_NORMAL,
        wide.path(), nullptr, nullptr, wide.dependencies(), wide.account(), wide.password()));
    if (!service) return set_failure(Stage::service_install, ::GetLastError(), name, failure);
    if (ConfigLevels(service, name, false, failure).set(config)) return true;
    static_cast<void>(DAEMONIZE_SYSTEM(DeleteService)(service.get())); // the first failure is reported
    return false;
}

} // namespace detail
} // namespace daemonize

#endif
