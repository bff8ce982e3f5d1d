# The installed package: the library as one header, and what find_package and pkg-config read. Nothing in it depends on
# the processor, so all of it goes under share, and nothing names its own place, so it can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Made at installation and not by the build, so that `cmake --install` needs no build before it.
set(single_header "${CMAKE_CURRENT_BINARY_DIR}/package/daemonize.hpp")
install(CODE "
  execute_process(COMMAND \"${CMAKE_COMMAND}\" -P \"${CMAKE_CURRENT_LIST_DIR}/single_header.cmake\" \"${single_header}\"
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR \"The single header could not be made\")
  endif()")
install(FILES "${single_header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

set(package "${CMAKE_INSTALL_DATADIR}/cmake/daemonize")
target_include_directories(daemonize INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS daemonize EXPORT daemonize)
install(EXPORT daemonize NAMESPACE daemonize:: FILE daemonize-config.cmake DESTINATION "${package}")
write_basic_package_version_file(package/daemonize-config-version.cmake
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/package/daemonize-config-version.cmake" DESTINATION "${package}")

file(RELATIVE_PATH include_from_pc "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/daemonize.pc.in" package/daemonize.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/package/daemonize.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
