// The main of Catch2 version 2. It compiles slowly, so it is a separate file. Version 3 has a compiled main.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
