// MINNOW_ENSURE and MINNOW_DCHECK: our own invariants. What a file or a caller can cause is never
// checked with these, but with an ordinary `if` that returns a Status.
#pragma once

#include "base/status.hpp"

// An invariant of ours: stops a debug build where it broke, and returns kInternal in a release
// build, because a host program must survive our bugs too.
#ifdef NDEBUG
#define MINNOW_ENSURE(condition)                                                              \
  do {                                                                                        \
    if (!(condition))                                                                         \
      return ::minnow::error(::minnow::StatusCode::kInternal, __FILE__, ":", __LINE__, ": '", \
                             #condition, "' does not hold");                                  \
  } while (false)
#else
#define MINNOW_ENSURE(condition)        \
  do {                                  \
    if (!(condition)) __builtin_trap(); \
  } while (false)
#endif

// For inner loops: checked in a debug build, gone in a release build.
#ifdef NDEBUG
#define MINNOW_DCHECK(condition) ((void)0)
#else
#define MINNOW_DCHECK(condition) ((condition) ? (void)0 : __builtin_trap())
#endif
