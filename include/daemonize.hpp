// daemonize: one include, and a program is a proper daemon.
#ifndef DAEMONIZE_HPP
#define DAEMONIZE_HPP

#include "daemonize/core/platform.hpp"

#include "daemonize/core/callback.hpp"
#include "daemonize/core/duration.hpp"
#include "daemonize/core/failure.hpp"

#if !DAEMONIZE_ON_WINDOWS()
#include "daemonize/posix/daemonizer.hpp"
#endif

#endif
