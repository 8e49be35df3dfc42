// KvCache: the keys and values of all layers of one session, in one arena of a size planned before.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "base/arena.hpp"
#include "base/status.hpp"
#include "model/model_config.hpp"
#include "ops/kv_layer.hpp"

namespace minnow {

struct KvShape {
  std::int64_t n_ctx = 0;    // positions
  std::int64_t n_batch = 0;  // most tokens that are stored before any of them looks back
  KvType type = KvType::kF16;
};

// Layers with a window keep a ring of chunks: what a batch and the window before it need, and a
// chunk more, so that going back a little needs no reading again.
class KvCache {
 public:
  explicit KvCache(std::pmr::memory_resource* memory) : layers_(memory) {}

  // Adds what a cache needs to the plan.
  static void plan(const ModelConfig& config, const KvShape& shape, ArenaPlan& plan);

  // Lays the layers out with the same calls; `cursor` stands where plan() began.
  void lay_out(const ModelConfig& config, const KvShape& shape, const Arena& arena,
               ArenaPlan& cursor);

  const KvLayer& layer(std::int32_t i) const { return layers_[static_cast<std::size_t>(i)]; }

 private:
  std::pmr::vector<KvLayer> layers_;
};

}  // namespace minnow
