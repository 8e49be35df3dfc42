// guarded(): the border of the C interface. Clears the thread's last error, runs the body, turns
// its Status, and any exception that a standard container threw, into a minnow_status with a
// message.
#pragma once

#include <exception>
#include <new>

#include "base/fp_environment.hpp"
#include "base/memory.hpp"
#include "base/status.hpp"
#include "minnow/minnow.h"

namespace minnow::capi {

void clear_last_error() noexcept;
void set_last_error(std::string_view message) noexcept;

minnow_status record(const Status& status) noexcept;

template <class Body>
minnow_status guarded(Body&& body) noexcept {
  clear_last_error();
  try {
    const FloatEnvironment environment;
    return record(body());
  } catch (const MemoryRefused& refused) {
    set_last_error(refused.what());
    return MINNOW_OUT_OF_MEMORY;
  } catch (const std::bad_alloc&) {
    set_last_error("out of memory: the system gives no more");
    return MINNOW_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    set_last_error(e.what());
    return MINNOW_INTERNAL_ERROR;
  } catch (...) {
    set_last_error("an unknown exception");
    return MINNOW_INTERNAL_ERROR;
  }
}

// kInvalidArgument naming the argument when it is NULL.
inline Status require(const void* argument, const char* name) {
  if (argument != nullptr) return {};
  return error(StatusCode::kInvalidArgument, "argument '", name, "' must not be NULL");
}

}  // namespace minnow::capi
