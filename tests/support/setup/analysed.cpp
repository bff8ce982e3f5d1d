// The input of g++ -fanalyzer: the functions that run between the fork and the end of set-up, and other functions with
// descriptors and raw memory. The analyser does not follow the containers of the standard library, so functions that
// use them are left out.
#include <daemonize/core/number.hpp>
#include <daemonize/posix/launch/channel.hpp>
#include <daemonize/posix/pid_file/held_files.hpp>
#include <daemonize/posix/system/clock.hpp>
#include <daemonize/posix/system/close_descriptors.hpp>
#include <daemonize/posix/system/null_device.hpp>
#include <daemonize/posix/system/proc.hpp>
#include <daemonize/posix/system/signals.hpp>

// The addresses are taken so that the compiler makes each function.
using namespace daemonize::detail;
auto* const make_channel_is = &make_channel;
auto* const send_record_is = &send_record;
auto* const receive_whole_is = &receive_whole;
auto* const process_status_is = &process_status;
auto* const read_pid_is = &read_pid;
auto* const ask_holder_is = &ask_holder;
auto* const write_pid_file_is = &write_pid_file;
auto* const remove_pid_file_is = &remove_pid_file;
auto* const close_all_but_is = &close_all_but;
auto* const open_null_device_is = &open_null_device;
auto* const format_number_is = &format_number;
