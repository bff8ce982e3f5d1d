// copy_control(): copies the data of a control out of the memory of Windows, which ends with the handler (internal).
#ifndef DAEMONIZE_WINDOWS_SCM_COPY_CONTROL_HPP
#define DAEMONIZE_WINDOWS_SCM_COPY_CONTROL_HPP

#include "../../core/utf.hpp"
#include "../../scm/types.hpp"
#include "../system/windows_header.hpp"

#include <cstdio>
#include <cstring>

#include <dbt.h>

namespace daemonize {
namespace detail {

inline std::string guid_text(const GUID& guid) {
    char text[40];
    std::snprintf(text, sizeof text, "{%08lX-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}",
                  static_cast<unsigned long>(guid.Data1), guid.Data2, guid.Data3, guid.Data4[0], guid.Data4[1],
                  guid.Data4[2], guid.Data4[3], guid.Data4[4], guid.Data4[5], guid.Data4[6], guid.Data4[7]);
    return text;
}

// Only PBT_POWERSETTINGCHANGE has data. The pointer is null or garbage for every other event.
inline PowerEvent copy_power_event(DWORD type, const void* data) {
    PowerEvent event;
    event.type = static_cast<PowerEvent::Type>(type);
    if (event.type != PowerEvent::Type::setting_change || data == nullptr) return event;
    const auto& setting = *static_cast<const POWERBROADCAST_SETTING*>(data);
    event.setting = guid_text(setting.PowerSetting);
    event.data.assign(setting.Data, setting.Data + setting.DataLength);
    return event;
}

inline SessionEvent copy_session_event(DWORD type, const void* data) {
    SessionEvent event;
    event.type = static_cast<SessionEvent::Type>(type);
    if (data != nullptr) event.session = static_cast<const WTSSESSION_NOTIFICATION*>(data)->dwSessionId;
    return event;
}

// The name ends at a zero, or at the end of the structure: dbch_size.
inline std::string device_name(const DEV_BROADCAST_HDR& header, std::size_t offset) {
    std::string name;
    if (header.dbch_size <= offset) return name;
    const auto* text = reinterpret_cast<const wchar_t*>(reinterpret_cast<const char*>(&header) + offset);
    const std::size_t most = (header.dbch_size - offset) / sizeof(wchar_t);
    std::size_t size = 0;
    while (size < most && text[size] != L'\0') ++size;
    return to_utf8(text, size);
}

inline DeviceEvent copy_device_event(DWORD type, const void* data) {
    DeviceEvent event;
    event.type = static_cast<DeviceEvent::Type>(type);
    if (data == nullptr) return event;
    const auto& header = *static_cast<const DEV_BROADCAST_HDR*>(data);
    const auto* bytes = static_cast<const unsigned char*>(data);
    event.bytes.assign(bytes, bytes + header.dbch_size);
    event.device_type = header.dbch_devicetype;
    if (header.dbch_devicetype == DBT_DEVTYP_DEVICEINTERFACE &&
        header.dbch_size >= sizeof(DEV_BROADCAST_DEVICEINTERFACE_W)) {
        const auto& device = reinterpret_cast<const DEV_BROADCAST_DEVICEINTERFACE_W&>(header);
        event.device_class = guid_text(device.dbcc_classguid);
        event.name = device_name(header, offsetof(DEV_BROADCAST_DEVICEINTERFACE_W, dbcc_name));
    } else if (header.dbch_devicetype == DBT_DEVTYP_PORT) {
        event.name = device_name(header, offsetof(DEV_BROADCAST_PORT_W, dbcp_name));
    } else if (header.dbch_devicetype == DBT_DEVTYP_HANDLE && header.dbch_size >= sizeof(DEV_BROADCAST_HANDLE)) {
        event.device_class = guid_text(reinterpret_cast<const DEV_BROADCAST_HANDLE&>(header).dbch_eventguid);
    }
    return event;
}

// SERVICE_TIMECHANGE_INFO: the new time, and then the old time. Some compilers lack the structure.
inline TimeChangeEvent copy_time_change(const void* data) {
    TimeChangeEvent event;
    std::int64_t times[2];
    if (data == nullptr) return event;
    std::memcpy(times, data, sizeof times);
    event.to = times[0];
    event.from = times[1];
    return event;
}

inline ControlEvent copy_control(DWORD number, DWORD type, const void* data) {
    const auto control = static_cast<Control>(number);
    if (control == Control::power_event) return ControlEvent(copy_power_event(type, data));
    if (control == Control::session_change) return ControlEvent(copy_session_event(type, data));
    if (control == Control::device_event) return ControlEvent(copy_device_event(type, data));
    if (control == Control::time_change) return ControlEvent(copy_time_change(data));
    if (control != Control::hardware_profile_change) return ControlEvent(control);
    HardwareProfileEvent event;
    event.type = static_cast<HardwareProfileEvent::Type>(type);
    return ControlEvent(event);
}

} // namespace detail
} // namespace daemonize

#endif
