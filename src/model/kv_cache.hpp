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

class KvCache {
 public:
  explicit KvCache(std::pmr::memory_resource* memory) : layers_(memory) {}

  // Adds what a cache for n_ctx positions needs to the plan.
  static void plan(const ModelConfig& config, std::int64_t n_ctx, KvType type, ArenaPlan& plan);

  // Lays the layers out with the same calls; `cursor` stands where plan() began.
  void lay_out(const ModelConfig& config, std::int64_t n_ctx, KvType type, const Arena& arena,
               ArenaPlan& cursor);

  const KvLayer& layer(std::int32_t i) const { return layers_[static_cast<std::size_t>(i)]; }

 private:
  std::pmr::vector<KvLayer> layers_;
};

}  // namespace minnow
