// The main of Catch2 version 2, which takes long to compile and so is a file of its own. Version 3 brings one.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
