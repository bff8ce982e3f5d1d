# Provides daemonize_catch: Catch2 with its main, version 3 or 2 if installed, else fetched; and the headers of this
# folder as "support/NAME.hpp".

# The library of Catch2 must have the same language version as the tests: its string conversions differ between
# versions.
if(NOT DEFINED CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 17)
endif()

add_library(daemonize_catch INTERFACE)
target_include_directories(daemonize_catch INTERFACE "${CMAKE_CURRENT_LIST_DIR}/..")
find_package(Catch2 3 QUIET)
if(NOT Catch2_FOUND)
  find_package(Catch2 2 QUIET)
endif()
if(NOT Catch2_FOUND)
  set(archive "${CMAKE_BINARY_DIR}/catch2.tar.gz")
  if(NOT EXISTS "${archive}")
    file(DOWNLOAD https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz "${archive}.part"
      INACTIVITY_TIMEOUT 60 STATUS status)
    if(NOT status MATCHES "^0;")
      list(GET status 1 reason)
      # CMake does not wrap a line that begins with spaces.
      message(FATAL_ERROR "  Catch2 is missing: on Debian, apt-get install catch2 (its download failed: ${reason})")
    endif()
    file(RENAME "${archive}.part" "${archive}")
  endif()
  include(FetchContent)
  FetchContent_Declare(Catch2 URL "${archive}"
    URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c)
  FetchContent_MakeAvailable(Catch2)
  # The warnings of this project do not apply to fetched code.
  get_target_property(directories Catch2 INTERFACE_INCLUDE_DIRECTORIES)
  target_include_directories(daemonize_catch SYSTEM INTERFACE ${directories})
endif()

if(Catch2_FOUND AND Catch2_VERSION VERSION_LESS 3)
  # Some packages of version 2 have no library with main.
  add_library(daemonize_catch_main STATIC "${CMAKE_CURRENT_LIST_DIR}/catch_main.cpp")
  target_link_libraries(daemonize_catch_main PUBLIC Catch2::Catch2)
  target_link_libraries(daemonize_catch INTERFACE daemonize_catch_main)
else()
  target_link_libraries(daemonize_catch INTERFACE Catch2::Catch2WithMain)
endif()
include(Catch)
