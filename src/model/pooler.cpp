#include "model/pooler.hpp"

#include <algorithm>
#include <cmath>

#include "ops/matmul.hpp"

namespace minnow {

namespace {

std::int64_t widest(const ModelConfig& config) {
  return std::max({std::int64_t{config.n_embd}, std::int64_t{config.n_dense_hidden},
                   std::int64_t{config.n_dense_out}, std::int64_t{config.n_labels}});
}

}  // namespace

// The only place where a pooler's memory is computed.
Pooler::Pieces Pooler::reserve(const ModelConfig& config, Pooling kind, std::int64_t n_ctx,
                               ArenaPlan& plan, const Arena* arena) {
  const auto array = [&](std::int64_t n_rows, std::int64_t n) {
    const std::size_t offset =
        plan.reserve_array<float>(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n));
    return arena != nullptr ? arena->array<float>(offset) : nullptr;
  };
  Pieces pieces{};
  pieces.rows = array(kind == Pooling::kNone ? n_ctx : 1, config.n_embd);
  pieces.hidden = array(1, widest(config));
  pieces.out = array(1, widest(config));
  return pieces;
}

void Pooler::plan(const ModelConfig& config, Pooling kind, std::int64_t n_ctx, ArenaPlan& plan) {
  reserve(config, kind, n_ctx, plan, nullptr);
}

Pooler::Pooler(const ModelConfig& config, const ModelWeights& weights, Workspace& work,
               Pooling kind, bool normalises, const Arena& arena, ArenaPlan& cursor)
    : config_(config),
      weights_(weights),
      work_(work),
      kind_(kind),
      normalises_(normalises),
      pieces_(reserve(config, kind, work.n_ctx, cursor, &arena)) {}

void Pooler::begin() {
  n_tokens_ = 0;
}

void Pooler::add(const KernelTable& table, const float* states, std::int64_t n) {
  const std::int64_t n_embd = config_.n_embd;
  // Encoders are scored by their first token, decoders by their last, which has seen the others.
  const bool wants_first = kind_ == Pooling::kCls || (kind_ == Pooling::kRank && !config_.causal);
  for (std::int64_t t = 0; t < n; ++t, ++n_tokens_) {
    const float* const state = states + t * n_embd;
    if (kind_ == Pooling::kNone)
      std::copy_n(state, n_embd, pieces_.rows + n_tokens_ * n_embd);
    else if (kind_ == Pooling::kMean && n_tokens_ > 0)
      table.add(pieces_.rows, state, n_embd, pieces_.rows);
    else if (n_tokens_ == 0 || !wants_first)
      std::copy_n(state, n_embd, pieces_.rows);
  }
}

Status Pooler::finish(const OpContext& context, Embedding& out) {
  const KernelTable& table = *context.table;
  const std::int64_t n_rows = kind_ == Pooling::kNone ? n_tokens_ : 1;
  if (!table.all_finite(pieces_.rows, n_rows * config_.n_embd))
    return error(StatusCode::kNumeric, "a state is infinite or not a number");
  if (kind_ == Pooling::kRank) return score(context, out);
  if (kind_ == Pooling::kMean)
    table.scale(pieces_.rows, 1.0f / static_cast<float>(n_tokens_), config_.n_embd, pieces_.rows);
  Embedding made{pieces_.rows, n_rows, config_.n_embd};
  float* values = pieces_.rows;
  if (kind_ != Pooling::kNone && weights_.dense_3) {
    if (!product(context, weights_.dense_2, {}, pieces_.rows, pieces_.hidden) ||
        !product(context, weights_.dense_3, {}, pieces_.hidden, pieces_.out))
      return error(StatusCode::kNumeric, "the layers behind pooling overflow");
    values = pieces_.out;
    made = {values, 1, config_.n_dense_out};
  }
  for (std::int64_t row = 0; normalises_ && row < made.n_rows; ++row)
    to_unit_length(table, values + row * made.n_embd, made.n_embd);
  out = made;
  return {};
}

// The classifier: a layer with tanh where the file has one, then a value a label.
Status Pooler::score(const OpContext& context, Embedding& out) {
  if (!weights_.labels)
    return error(StatusCode::kUnsupported,
                 "the model has no classifier (cls.output.weight): it cannot score");
  const float* x = pieces_.rows;
  bool finite = true;
  if (weights_.classifier) {
    finite = product(context, weights_.classifier, weights_.classifier_bias, x, pieces_.hidden);
    context.table->softcap(pieces_.hidden, 1.0f, config_.n_embd, pieces_.hidden);
    x = pieces_.hidden;
  }
  finite &= product(context, weights_.labels, weights_.labels_bias, x, pieces_.out);
  if (!finite || !context.table->all_finite(pieces_.out, config_.n_labels))
    return error(StatusCode::kNumeric, "the classifier overflows");
  // A decoder answers with one of its labels; an encoder scores each by itself.
  if (config_.causal && config_.n_labels > 1) context.table->softmax(pieces_.out, config_.n_labels);
  out = {pieces_.out, 1, config_.n_labels};
  return {};
}

bool Pooler::product(const OpContext& context, const WeightMatrix& weights, const VectorView& bias,
                     const float* x, float* out) {
  ActivationRows rows = float_rows(x, weights.k, 1);
  lay_out(work_.per_32, work_.per_128, rows);
  ActivationForms forms;
  forms.add(weights);
  const bool finite = quantize_token(*context.table, forms, rows, 0);
  const Product products[] = {{weights, bias, out, weights.n_rows}};
  multiply(context, products, rows);
  return finite;
}

// A zero vector stays one. The mean of the squares is the norm that the kernels have: of a row with
// mean square one, sqrt(n) is the length.
void Pooler::to_unit_length(const KernelTable& table, float* x, std::int64_t n) const {
  const auto is_zero = [](float value) { return value == 0.0f; };
  if (std::all_of(x, x + n, is_zero)) return;
  table.rms_norm(x, nullptr, n, 0.0f, x);
  table.scale(x, 1.0f / std::sqrt(static_cast<float>(n)), n, x);
}

}  // namespace minnow
