// Runtime: what models share: memory, threads, the kernel table, the log. Immutable once made; any
// number of threads may use it. No thread is started before the first work.
#pragma once

#include <memory>
#include <string>

#include "base/cpu_features.hpp"
#include "base/memory.hpp"
#include "base/status.hpp"
#include "base/thread_pool.hpp"
#include "kernels/api/kernel_table.hpp"
#include "runtime/options.hpp"

namespace minnow {

class Runtime {
 public:
  // kInvalidArgument: a kernel table that this CPU does not run or this build does not have.
  static Status create(const Options& options, std::shared_ptr<Runtime>& out);

  // Use create(). Public only for std::make_shared.
  Runtime(const Options& options, const KernelTable& table, int n_threads, const CpuSet& affinity);

  HostMemory& memory() { return memory_; }
  ThreadPool& pool() { return pool_; }
  const KernelTable& table() const { return table_; }

  int duty_percent() const { return duty_percent_; }

  enum class Level { kError = 0, kWarning = 1, kInformation = 2 };
  void log(Level level, const std::string& text) const;

 private:
  HostMemory memory_;
  ThreadPool pool_;
  const KernelTable& table_;
  const LogHook log_;
  const int duty_percent_;
};

// Measured limits of this machine with a pool's threads (bytes/s, multiply-adds/s).
struct MachineLimits {
  double read_bytes_per_s_one = 0;  // one thread, out of the caches
  double read_bytes_per_s = 0;      // all threads
  double integer_mac_per_s_one = 0;
  double integer_mac_per_s = 0;
  double float_mac_per_s_one = 0;
  double float_mac_per_s = 0;
};
Status measure_limits(Runtime& runtime, MachineLimits& out);

}  // namespace minnow
