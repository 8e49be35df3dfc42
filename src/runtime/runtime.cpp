#include "runtime/runtime.hpp"

#include <algorithm>
#include <string>

#include "kernels/api/resolver.hpp"

namespace minnow {

namespace {

Status choose_table(const std::string& isa, const KernelTable*& out) {
  const std::uint64_t mask = detect_cpu_features().mask;
  if (isa == "auto") {
    out = &best_table(mask);
    return {};
  }
  const KernelTable* table = find_table(isa.c_str());
  if (table == nullptr)
    return error(StatusCode::kInvalidArgument, "isa '", isa, "' is not part of this build");
  if (!can_run(*table, mask))
    return error(StatusCode::kInvalidArgument, "this CPU cannot run isa '", isa, "': it lacks ",
                 cpu_mask_names(table->needs & ~mask));
  out = table;
  return {};
}

}  // namespace

Status Runtime::create(const Options& options, std::shared_ptr<Runtime>& out) {
  const KernelTable* table = nullptr;
  MINNOW_TRY(choose_table(options.isa, table));
  MINNOW_TRY(HostMemory::check(options.allocator));
  CpuSet affinity;
  if (!options.affinity.empty()) MINNOW_TRY(CpuSet::parse(options.affinity, affinity));
  int n_threads = static_cast<int>(options.threads);
  if (options.executor.run != nullptr) {
    if (options.executor.n_threads < 1 || options.executor.n_threads > ThreadPool::kMaxThreads)
      return error(StatusCode::kInvalidArgument, "the executor has ", options.executor.n_threads,
                   " threads, which is not in 1...", ThreadPool::kMaxThreads);
    n_threads = options.executor.n_threads;
  } else if (n_threads == 0) {
    n_threads = usable_cpus(detect_cpu_topology());
    const int n_pinned = (affinity & CpuSet::of_this_thread()).count();
    if (n_pinned > 0) n_threads = std::min(n_threads, n_pinned);
  }
  out = std::make_shared<Runtime>(options, *table, n_threads, affinity);
  return {};
}

Runtime::Runtime(const Options& options, const KernelTable& table, int n_threads,
                 const CpuSet& affinity)
    : memory_(options.allocator, options.memory_budget > 0
                                     ? static_cast<std::size_t>(options.memory_budget)
                                     : HostMemory::kNoBudget),
      pool_(n_threads, options.executor, affinity),
      table_(table),
      log_(options.log),
      duty_percent_(static_cast<int>(options.duty_cycle)) {}

void Runtime::log(Level level, const std::string& text) const {
  if (log_.callback != nullptr) log_.callback(log_.user, static_cast<int>(level), text.c_str());
}

}  // namespace minnow
