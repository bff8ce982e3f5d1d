# cmake -DBUILD=… -DWORK=… -DEXPECTED=… -P install.cmake: empties WORK, installs the build BUILD into it, checks that
# exactly the files EXPECTED are installed, and moves them to WORK/prefix. A package in WORK/prefix is therefore a moved
# package.
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
