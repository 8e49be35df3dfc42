#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "capi/guard.hpp"

namespace minnow::capi {

namespace {

constexpr std::size_t kMostBytes = 4000;

// One for each thread, because a caller reads it after the call returned. Constant-initialised.
thread_local char last_error[kMostBytes + 1] = "";

// The longest beginning of at most kMostBytes bytes that does not cut a character.
std::size_t cut(std::string_view text) {
  if (text.size() <= kMostBytes) return text.size();
  std::size_t n = kMostBytes;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
  return n;
}

}  // namespace

void clear_last_error() noexcept {
  last_error[0] = '\0';
}

void set_last_error(std::string_view message) noexcept {
  const std::size_t n = cut(message);
  std::memcpy(last_error, message.data(), n);
  last_error[n] = '\0';
}

minnow_status record(const Status& status) noexcept {
  if (!status.ok()) set_last_error(status.message());
  return static_cast<minnow_status>(status.code());
}

}  // namespace minnow::capi

extern "C" {

const char* minnow_version(void) {
  return MINNOW_VERSION;
}

const char* minnow_status_name(minnow_status status) {
  return minnow::status_name(static_cast<minnow::StatusCode>(status));
}

const char* minnow_last_error(void) {
  return minnow::capi::last_error;
}

void minnow_free(void* memory) {
  std::free(memory);
}

}  // extern "C"
