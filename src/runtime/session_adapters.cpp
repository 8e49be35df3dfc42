// Attaching adapters to a session: the list, the corrections by matrix, the memory for a batch.
#include <algorithm>
#include <cmath>

#include "runtime/session.hpp"

namespace minnow {

Status Session::attach(std::shared_ptr<const Adapter> adapter, float scale) {
  if (&adapter->model() != model_.get())
    return error(StatusCode::kMismatch, "the adapter '", adapter->name(),
                 "' was opened for another model");
  if (!std::isfinite(scale))
    return error(StatusCode::kInvalidArgument, "an adapter's scale must be a finite number");
  std::vector<Attached> attached = attached_;
  const auto known = std::find_if(attached.begin(), attached.end(),
                                  [&](const Attached& one) { return one.adapter == adapter; });
  if (known != attached.end()) {
    if (known->scale == scale) return {};
    known->scale = scale;
    if (scale == 0.0f) attached.erase(known);
  } else {
    if (scale == 0.0f) return {};
    attached.push_back({std::move(adapter), scale});
  }
  AdapterSet set(&model_->runtime().memory());
  Arena arena;
  MINNOW_TRY(plan_adapters(attached, set, arena));
  MINNOW_TRY(truncate(0));
  attached_.swap(attached);
  adapters_.uses.swap(set.uses);
  adapters_.low = set.low;
  adapters_.delta = set.delta;
  adapters_.second = set.second;
  adapter_arena_ = std::move(arena);
  return {};
}

Status Session::plan_adapters(std::span<const Attached> attached, AdapterSet& set,
                              Arena& arena) const {
  std::int64_t n_low = 0, n_delta = 0;
  for (const Attached& one : attached) {
    for (const AdapterPair& pair : one.adapter->pairs()) {
      const bool is_head = pair.base == model_->weights().output.data;
      const std::int64_t n_tokens = is_head ? work_.n_logits : size_.n_batch;
      n_low = std::max(n_low, n_tokens * pair.a.n_rows);
      n_delta = std::max(n_delta, n_tokens * pair.b.n_rows);
      set.uses.push_back({pair, one.adapter->scale_of(pair, one.scale)});
    }
  }
  std::stable_sort(
      set.uses.begin(), set.uses.end(),
      [](const AdapterSet::Use& a, const AdapterSet::Use& b) { return a.pair.base < b.pair.base; });
  if (attached.empty()) return {};
  ArenaPlan plan;
  const std::size_t low = plan.reserve_array<float>(static_cast<std::size_t>(n_low));
  const std::size_t delta = plan.reserve_array<float>(static_cast<std::size_t>(n_delta));
  const std::size_t second = plan.reserve_array<float>(
      static_cast<std::size_t>(size_.n_batch * model_->config().most_ff()));
  MINNOW_TRY(Arena::create(plan, model_->runtime().memory(), "a session's adapters", arena));
  set.low = arena.array<float>(low);
  set.delta = arena.array<float>(delta);
  set.second = arena.array<float>(second);
  return {};
}

}  // namespace minnow
