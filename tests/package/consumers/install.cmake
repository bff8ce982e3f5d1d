# cmake -DBUILD=… -DWORK=… -DEXPECTED=… -P install.cmake: empties WORK, installs there what was configured in BUILD,
# checks that it is just the files EXPECTED, and moves it to WORK/prefix. So whoever finds it there has a package that
# was moved.
unset(ENV{DESTDIR})
file(REMOVE_RECURSE "${WORK}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/installed" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "The installation failed")
endif()
file(GLOB_RECURSE installed RELATIVE "${WORK}/installed" "${WORK}/installed/*")
list(SORT installed)
list(SORT EXPECTED)
if(NOT installed STREQUAL EXPECTED)
  message(FATAL_ERROR "Installed were\n  ${installed}\nand not\n  ${EXPECTED}")
endif()
file(RENAME "${WORK}/installed" "${WORK}/prefix")
