// Options: every named value that a user can set, for runtimes, models and sessions alike. The list
// is option_list.inc together with the sampling layer's; names, ranges and defaults describe
// themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.hpp"
#include "base/status.hpp"
#include "base/thread_pool.hpp"
#include "sampling/sampling_params.hpp"

namespace minnow {

class Runtime;

struct LogHook {
  void (*callback)(void* user, int level, const char* text) = nullptr;
  void* user = nullptr;
};

// done of total, in bytes or tokens; false asks to stop.
struct ProgressHook {
  bool (*callback)(void* user, std::uint64_t done, std::uint64_t total) = nullptr;
  void* user = nullptr;
  std::shared_ptr<void> owner;  // keeps what `user` points to alive, if anything needs that
};

struct Options {
#define MINNOW_INT_OPTION(scope, name, initial, least, most, meaning) std::int64_t name = initial;
#define MINNOW_TEXT_OPTION(scope, name, initial, choices, meaning) std::string name = initial;
#include "runtime/option_list.inc"
#undef MINNOW_INT_OPTION
#undef MINNOW_TEXT_OPTION

  SamplingParams sampling;
  std::vector<std::string> stop;  // texts that end an answer
  AllocatorHooks allocator;
  ExecutorHooks executor;
  LogHook log;
  ProgressHook progress;
  std::shared_ptr<Runtime> runtime;

  // kNotFound: no such option; kInvalidArgument: out of range or of another type. Both name it.
  Status set_int(std::string_view name, std::int64_t value);
  Status set_float(std::string_view name, double value);
  Status set_text(std::string_view name, std::string_view value);
};

struct OptionRow {
  const char* name;
  const char* scope;  // "runtime", "model" or "session"
  const char* type;   // "int", "float" or "text"
  double least;
  double most;
  std::string initial;  // the default, as text
  const char* choices;  // "a|b|c" or ""
  const char* meaning;
};

std::vector<OptionRow> describe_options();

}  // namespace minnow
