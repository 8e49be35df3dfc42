// Loading: plans the arena for a bound model, then reads and packs every tensor into it, in the
// order of execution, with all threads, through small buffers. The plan is the estimate.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/arena.hpp"
#include "base/mapped_file.hpp"
#include "base/sha256.hpp"
#include "base/status.hpp"
#include "base/thread_pool.hpp"
#include "kernels/api/kernel_table.hpp"
#include "model/weight_bindings.hpp"

namespace minnow {

// Told after each tensor on the loading thread; false stops the load with kCancelled.
struct LoadProgress {
  bool (*callback)(void* user, std::uint64_t done_bytes, std::uint64_t total_bytes) = nullptr;
  void* user = nullptr;
};

// Bytes of the arena that load_weights() takes for this model.
Status plan_weights(const BoundModel& bound, ArenaPlan& plan);

// Leaves all matrices in the file: nothing of them is packed, products read the file's rows.
void leave_matrices_in_file(BoundModel& bound);

// Adds what decides which bytes load_weights() puts where.
void describe_layout(const BoundModel& bound, Sha256& hash);

// Points all weights into `stored`, as load_weights() filled it, and into the file.
void place_weights(const MappedFile& file, const BoundModel& bound, const std::byte* stored,
                   ModelWeights& weights);

// Takes all memory that load_weights() takes and leaves the weights zero: for estimates.
Status reserve_weights(const MappedFile& file, const BoundModel& bound, const ThreadPool& pool,
                       HostMemory& memory, ModelWeights& weights, Arena& arena);

// Packs all weights; `weights` (the one that `bound` points into) is complete afterwards. The file
// must outlive the model when the embedding is not tied or matrices stay there.
Status load_weights(const MappedFile& file, const BoundModel& bound, const KernelTable& table,
                    ThreadPool& pool, HostMemory& memory, const LoadProgress& progress,
                    ModelWeights& weights, Arena& arena);

}  // namespace minnow
