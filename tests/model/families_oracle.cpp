#include "families_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace minnow::testing_support {

namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

class Oracle {
 public:
  Oracle(const ModelFile& file, const FamilySpec& spec) : file_(file), spec_(spec) {}

  void set_source(Rows states) { source_ = std::move(states); }

  Rows states(const std::vector<Token>& tokens, const std::vector<int>& segments) const {
    Rows x = embed(tokens, segments);
    for (int layer = 0; layer < spec_.n_layers; ++layer) {
      const std::string at = spec_.prefix + "blk." + std::to_string(layer) + ".";
      const bool two_norms = has(at + "attn_norm_2.weight");
      const Rows normed = norm(x, at + (two_norms ? "attn_norm_2" : "attn_norm"));
      Rows attended = norm(attention(normed, layer, at), at + "post_attention_norm");
      Rows middle = x;
      add(middle, attended);
      middle = norm(middle, at + "attn_output_norm");
      if (!source_.empty()) add(middle, cross_attention(norm(middle, at + "cross_attn_norm"), at));
      Rows input = spec_.parallel ? normed : norm(middle, at + "ffn_norm");
      if (spec_.parallel && has(at + "ffn_norm.weight")) input = norm(x, at + "ffn_norm");
      if (spec_.parallel && two_norms) input = norm(x, at + "attn_norm");
      x = middle;
      add(x, norm(feed_forward(input, at), at + "post_ffw_norm"));
      x = norm(x, at + "layer_output_norm");
    }
    return norm(x, spec_.prefix + "output_norm");
  }

  Rows run(const std::vector<Token>& tokens) const {
    const Rows x = states(tokens, {});
    Rows logits = linear(x, has("output.weight") ? "output" : "token_embd");
    for (Row& row : logits)
      for (double& value : row) value = cap(value, spec_.final_softcap);
    return logits;
  }

 private:
  bool has(const std::string& name) const { return file_.tensors.count(name) > 0; }
  const ModelFile::Tensor& at(const std::string& name) const { return file_.tensors.at(name); }

  static double cap(double x, double limit) { return limit > 0 ? limit * std::tanh(x / limit) : x; }

  static void add(Rows& x, const Rows& y) {
    for (std::size_t t = 0; t < x.size(); ++t)
      for (std::size_t i = 0; i < x[t].size(); ++i) x[t][i] += y[t][i];
  }

  Rows embed(const std::vector<Token>& tokens, const std::vector<int>& segments) const {
    const auto& table = at("token_embd.weight");
    const std::size_t n = table.dims[0];
    Rows x(tokens.size(), Row(n));
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      for (std::size_t i = 0; i < n; ++i) {
        x[t][i] = table.values[static_cast<std::size_t>(tokens[t]) * n + i] * spec_.embedding_scale;
        if (has("position_embd.weight")) x[t][i] += at("position_embd.weight").values[t * n + i];
        const std::size_t segment = segments.empty() ? 0 : static_cast<std::size_t>(segments[t]);
        if (has("token_types.weight")) x[t][i] += at("token_types.weight").values[segment * n + i];
      }
    }
    return norm(x, "token_embd_norm");
  }

  // W x + b with rows [first, first + n) of the tensor; all of them when n is 0.
  Row product(const Row& x, const std::string& name, std::size_t first = 0,
              std::size_t n = 0) const {
    const auto& weight = at(name + ".weight");
    const std::size_t k = weight.dims[0];
    if (n == 0) n = weight.values.size() / k;
    Row y(n);
    for (std::size_t r = 0; r < n; ++r) {
      for (std::size_t i = 0; i < k; ++i) y[r] += x[i] * weight.values[(first + r) * k + i];
      if (has(name + ".bias")) y[r] += at(name + ".bias").values[first + r];
    }
    return y;
  }

  Rows linear(const Rows& x, const std::string& name) const {
    Rows y;
    for (const Row& row : x) y.push_back(product(row, name));
    return y;
  }

  void norm_part(double* x, std::size_t n, const float* weight, const float* bias) const {
    double mean = 0, square = 0;
    if (spec_.layer_norm) mean = std::accumulate(x, x + n, 0.0) / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) square += (x[i] - mean) * (x[i] - mean);
    const double scale = 1.0 / std::sqrt(square / static_cast<double>(n) + spec_.eps);
    for (std::size_t i = 0; i < n; ++i)
      x[i] = (x[i] - mean) * scale * weight[i] + (bias != nullptr ? bias[i] : 0.0f);
  }

  // The rows as they are when the file has no such norm.
  Rows norm(Rows x, const std::string& name) const {
    if (!has(name + ".weight")) return x;
    const float* bias = has(name + ".bias") ? at(name + ".bias").values.data() : nullptr;
    for (Row& row : x) norm_part(row.data(), row.size(), at(name + ".weight").values.data(), bias);
    return x;
  }

  void norm_heads(Row& x, int n_heads, const std::string& name) const {
    if (spec_.head_norms == FamilySpec::HeadNorms::kNone) return;
    const float* weight = at(name).values.data();
    const auto n = static_cast<std::size_t>(spec_.head_dim);
    if (spec_.head_norms == FamilySpec::HeadNorms::kWholeRow) {
      norm_part(x.data(), x.size(), weight, nullptr);
      return;
    }
    for (std::size_t h = 0; h < static_cast<std::size_t>(n_heads); ++h)
      norm_part(x.data() + h * n, n,
                weight + (spec_.head_norms == FamilySpec::HeadNorms::kOwn ? h * n : 0), nullptr);
  }

  void rotate(Row& x, int layer, std::size_t position) const {
    if (spec_.no_rope_every > 0 && (layer + 1) % spec_.no_rope_every == 0) return;
    const int half = spec_.n_rot / 2;
    for (std::size_t head = 0; head < x.size(); head += static_cast<std::size_t>(spec_.head_dim)) {
      for (int i = 0; i < half; ++i) {
        double angle =
            static_cast<double>(position) * std::pow(spec_.rope_base, -2.0 * i / spec_.n_rot);
        if (!spec_.rope_divisors.empty()) angle /= spec_.rope_divisors[static_cast<std::size_t>(i)];
        const double c = std::cos(angle) * spec_.rope_factor;
        const double s = std::sin(angle) * spec_.rope_factor;
        double& a = x[head + static_cast<std::size_t>(spec_.halves ? i : 2 * i)];
        double& b = x[head + static_cast<std::size_t>(spec_.halves ? i + half : 2 * i + 1)];
        const double turned = a * c - b * s;
        b = b * c + a * s;
        a = turned;
      }
    }
  }

  Rows attention(const Rows& x, int layer, const std::string& at_layer) const {
    const auto n = static_cast<std::size_t>(spec_.head_dim);
    const std::size_t q_size = n * static_cast<std::size_t>(spec_.n_heads);
    const std::size_t k_size = n * static_cast<std::size_t>(spec_.n_kv_heads);
    const bool fused = has(at_layer + "attn_qkv.weight");
    const std::string qkv = at_layer + "attn_qkv";
    Rows q, k, v, out;
    for (std::size_t t = 0; t < x.size(); ++t) {
      q.push_back(fused ? product(x[t], qkv, 0, q_size) : product(x[t], at_layer + "attn_q"));
      k.push_back(fused ? product(x[t], qkv, q_size, k_size) : product(x[t], at_layer + "attn_k"));
      v.push_back(fused ? product(x[t], qkv, q_size + k_size, k_size)
                        : product(x[t], at_layer + "attn_v"));
      norm_heads(q[t], spec_.n_heads, at_layer + "attn_q_norm.weight");
      norm_heads(k[t], spec_.n_kv_heads, at_layer + "attn_k_norm.weight");
      rotate(q[t], layer, t);
      rotate(k[t], layer, t);
    }
    for (std::size_t t = 0; t < x.size(); ++t) out.push_back(attend(q[t], k, v, layer, t));
    const bool short_name = has(at_layer + "attn_o.weight");
    return linear(out, at_layer + (short_name ? "attn_o" : "attn_output"));
  }

  Rows cross_attention(const Rows& x, const std::string& at_layer) const {
    const Rows k = linear(source_, at_layer + "cross_attn_k");
    const Rows v = linear(source_, at_layer + "cross_attn_v");
    Rows out;
    for (const Row& row : x)
      out.push_back(weigh(product(row, at_layer + "cross_attn_q"), k, v, 0, k.size(), {}));
    return linear(out, at_layer + "cross_attn_o");
  }

  Row attend(const Row& q, const Rows& k, const Rows& v, int layer, std::size_t t) const {
    const bool full = spec_.full_every > 0 && (layer + 1) % spec_.full_every == 0;
    const auto window = static_cast<std::size_t>(full ? 0 : spec_.window);
    std::size_t first = 0, last = spec_.sees_all ? k.size() : t + 1;
    if (window > 0 && spec_.sees_all) {
      first = t - std::min(t, window / 2);
      last = std::min(last, t + window / 2 + 1);
    } else if (window > 0 && t + 1 > window) {
      first = t + 1 - window;
    }
    // [heads][keys]
    Rows bias;
    if (spec_.relative_buckets > 0) {
      const std::string own = spec_.prefix + "blk." + std::to_string(layer) + ".attn_rel_b.weight";
      const auto& table = at(has(own) ? own : spec_.prefix + "blk.0.attn_rel_b.weight");
      const auto n_heads = static_cast<std::size_t>(spec_.n_heads);
      bias.assign(n_heads, Row(k.size()));
      for (std::size_t head = 0; head < n_heads; ++head)
        for (std::size_t p = first; p < last; ++p)
          bias[head][p] =
              table.values[bucket(static_cast<int>(p) - static_cast<int>(t)) * n_heads + head];
    }
    return weigh(q, k, v, first, last, bias);
  }

  // The bucket of a distance, by the paper's words.
  std::size_t bucket(int distance) const {
    int n = spec_.relative_buckets, first = 0, far = std::max(-distance, 0);
    if (spec_.sees_all) {
      n /= 2;
      first = distance > 0 ? n : 0;
      far = std::abs(distance);
    }
    const int near = n / 2;
    if (far < near) return static_cast<std::size_t>(first + far);
    const float grown = std::log(static_cast<float>(far) / static_cast<float>(near)) /
                        static_cast<float>(std::log(128.0 / near)) * static_cast<float>(n - near);
    return static_cast<std::size_t>(first + std::min(near + static_cast<int>(grown), n - 1));
  }

  // The values of keys [first, last), by softmax of their scores.
  Row weigh(const Row& q, const Rows& k, const Rows& v, std::size_t first, std::size_t last,
            const Rows& bias) const {
    const auto n = static_cast<std::size_t>(spec_.head_dim);
    const auto group = static_cast<std::size_t>(spec_.n_heads / spec_.n_kv_heads);
    const double scale = spec_.scales_scores ? 1.0 / std::sqrt(static_cast<double>(n)) : 1.0;
    Row out(q.size());
    for (std::size_t head = 0; head < static_cast<std::size_t>(spec_.n_heads); ++head) {
      const std::size_t at_k = head / group * n;
      Row weights;
      for (std::size_t p = first; p < last; ++p) {
        double score = 0;
        for (std::size_t i = 0; i < n; ++i) score += q[head * n + i] * k[p][at_k + i];
        score = cap(score * scale, spec_.attention_softcap);
        weights.push_back(std::exp(score + (bias.empty() ? 0.0 : bias[head][p])));
      }
      const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
      for (std::size_t p = first; p < last; ++p)
        for (std::size_t i = 0; i < n; ++i)
          out[head * n + i] += weights[p - first] / sum * v[p][at_k + i];
    }
    return out;
  }

  double activate(double x) const {
    switch (spec_.act) {
      case FamilySpec::Act::kRelu:
        return std::max(x, 0.0);
      case FamilySpec::Act::kSilu:
        return x / (1.0 + std::exp(-x));
      case FamilySpec::Act::kGeluTanh:
        return 0.5 * x * (1.0 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
      case FamilySpec::Act::kGeluErf:
        return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    }
    return 0;
  }

  // `suffix` and `expert` choose among "", "_exps" and "_shexp".
  Row gated(const Row& x, const std::string& at_layer, const std::string& suffix,
            std::size_t expert) const {
    const std::string up_name = at_layer + "ffn_up" + suffix;
    const std::string gate_name = at_layer + "ffn_gate" + suffix;
    const std::string down_name = at_layer + "ffn_down" + suffix;
    const std::size_t n_hidden = at(down_name + ".weight").dims[0];
    const std::size_t n_out = at(down_name + ".weight").dims[1];
    const bool has_gate = has(gate_name + ".weight");
    const bool fused = !has_gate && at(up_name + ".weight").dims[1] == 2 * n_hidden;
    Row hidden = product(x, up_name, (fused ? 1 : expert) * n_hidden, n_hidden);
    Row gate;
    if (has_gate) gate = product(x, gate_name, expert * n_hidden, n_hidden);
    if (fused) gate = product(x, up_name, 0, n_hidden);
    for (std::size_t i = 0; i < n_hidden; ++i)
      hidden[i] = gate.empty() ? activate(hidden[i]) : activate(gate[i]) * hidden[i];
    return product(hidden, down_name, expert * n_out, n_out);
  }

  Row mixture(const Row& x, const std::string& at_layer) const {
    Row p = product(x, at_layer + "ffn_gate_inp");
    for (double& value : p) value = std::exp(value);
    const double total = std::accumulate(p.begin(), p.end(), 0.0);
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
    order.resize(static_cast<std::size_t>(spec_.n_experts_used));
    double chosen = 0;
    for (const std::size_t e : order) chosen += p[e];
    Row y(x.size());
    for (const std::size_t e : order) {
      const Row out = gated(x, at_layer, "_exps", e);
      const double weight = p[e] / (spec_.normalises_experts ? chosen : total);
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += weight * out[i];
    }
    if (!has(at_layer + "ffn_up_shexp.weight")) return y;
    const double gate = product(x, at_layer + "ffn_gate_inp_shexp")[0];
    const Row out = gated(x, at_layer, "_shexp", 0);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += out[i] / (1.0 + std::exp(-gate));
    return y;
  }

  Rows feed_forward(const Rows& x, const std::string& at_layer) const {
    Rows y;
    for (const Row& row : x)
      y.push_back(spec_.n_experts_used > 0 ? mixture(row, at_layer) : gated(row, at_layer, "", 0));
    return y;
  }

  const ModelFile& file_;
  const FamilySpec& spec_;
  Rows source_;  // states of the encoder, or none
};

std::vector<float> flattened(const Rows& rows) {
  std::vector<float> values;
  for (const Row& row : rows)
    for (const double value : row) values.push_back(static_cast<float>(value));
  return values;
}

}  // namespace

std::vector<float> oracle_logits(const ModelFile& file, const FamilySpec& spec,
                                 const std::vector<Token>& tokens) {
  return flattened(Oracle(file, spec).run(tokens));
}

std::vector<std::vector<double>> oracle_states(const ModelFile& file, const FamilySpec& spec,
                                               const std::vector<Token>& tokens,
                                               const std::vector<int>& segments) {
  return Oracle(file, spec).states(tokens, segments);
}

std::vector<float> oracle_answer(const ModelFile& file, const FamilySpec& encoder,
                                 const FamilySpec& decoder, const std::vector<Token>& source,
                                 const std::vector<Token>& tokens) {
  Oracle oracle(file, decoder);
  oracle.set_source(Oracle(file, encoder).states(source, {}));
  return flattened(oracle.run(tokens));
}

}  // namespace minnow::testing_support
