# shellcheck shell=sh disable=SC2034
# The packages for the tests of the Windows code: compilers for Windows, of both thread models, and Wine. Sourced, never
# run.
mingw_packages='g++-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-win32 g++-mingw-w64-i686-posix g++-mingw-w64-i686-win32'
wine_packages="wine wine64 $mingw_packages"
