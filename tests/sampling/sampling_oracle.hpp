// An independent, slow sampler in double precision with the library's exp and log: sort everything,
// then follow the definition of each stage.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <memory_resource>
#include <random>
#include <span>
#include <vector>

#include "sampling/sampler.hpp"

namespace minnow::oracle {

struct Choice {
  int id;
  double logit;
};
using Choices = std::vector<Choice>;  // by descending logit, ties to the lower id

inline void sort(Choices& c) {
  std::sort(c.begin(), c.end(), [](const Choice& a, const Choice& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
}

inline Choices from_logits(std::span<const float> logits) {
  Choices c;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isinf(logits[i])) c.push_back({static_cast<int>(i), logits[i]});
  }
  sort(c);
  return c;
}

inline std::vector<double> softmax(const Choices& c) {
  std::vector<double> p;
  double sum = 0;
  for (const Choice& x : c) sum += p.emplace_back(std::exp(x.logit - c[0].logit));
  for (double& x : p) x /= sum;
  return p;
}

inline double entropy(const Choices& c) {
  double h = 0;
  for (const double p : softmax(c)) h -= p > 0 ? p * std::log(p) : 0;
  return h;
}

inline void top_k(Choices& c, int k) {
  if (k > 0 && static_cast<size_t>(k) < c.size()) c.resize(static_cast<size_t>(k));
}

inline void top_p(Choices& c, double p, size_t min_keep = 0) {
  if (p >= 1) return;
  const auto probabilities = softmax(c);
  double sum = 0;
  size_t n = 0;
  while (n < c.size()) {
    sum += probabilities[n++];
    if (sum >= p && n >= min_keep) break;
  }
  c.resize(n);
}

inline void min_p(Choices& c, double p, size_t min_keep = 0) {
  if (p <= 0) return;
  const auto probabilities = softmax(c);
  size_t n = 1;
  while (n < c.size() && (probabilities[n] >= p * probabilities[0] || n < min_keep)) ++n;
  c.resize(n);
}

inline void typical(Choices& c, double p) {
  if (p >= 1) return;
  const auto probabilities = softmax(c);
  const double h = entropy(c);
  std::vector<size_t> rows(c.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  std::stable_sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    return std::abs(-std::log(probabilities[a]) - h) < std::abs(-std::log(probabilities[b]) - h);
  });
  Choices kept;
  double sum = 0;
  for (const size_t row : rows) {
    kept.push_back(c[row]);
    sum += probabilities[row];
    if (sum > p) break;
  }
  c = kept;
  sort(c);
}

inline void top_n_sigma(Choices& c, double n) {
  double mean = 0;
  for (const Choice& x : c) mean += x.logit / static_cast<double>(c.size());
  double variance = 0;
  for (const Choice& x : c) variance += (x.logit - mean) * (x.logit - mean);
  const double limit = c[0].logit - n * std::sqrt(variance / static_cast<double>(c.size()));
  while (c.back().logit < limit) c.pop_back();
}

inline void xtc(Choices& c, double threshold) {
  const auto p = softmax(c);
  size_t n = 0;
  while (n < p.size() && p[n] >= threshold) ++n;
  if (n > 1) c.erase(c.begin(), c.begin() + static_cast<std::ptrdiff_t>(n - 1));
}

inline void temperature(Choices& c, double t) {
  for (Choice& x : c) x.logit /= t;
}

inline void dynamic_temperature(Choices& c, double t, double range, double exponent) {
  if (c.size() < 2) return;
  const double relative = entropy(c) / std::log(static_cast<double>(c.size()));
  const double least = std::max(0.0, t - range);
  temperature(c, least + (t + range - least) * std::pow(relative, exponent));
}

// Id to probability.
using Distribution = std::map<int, double>;

inline Distribution distribution(const Choices& c) {
  Distribution d;
  const auto p = softmax(c);
  for (size_t i = 0; i < c.size(); ++i) d[c[i].id] = p[i];
  return d;
}

}  // namespace minnow::oracle

namespace minnow::testing_sampling {

inline std::vector<float> random_logits(size_t n, float spread, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, spread);
  std::vector<float> logits(n);
  for (float& x : logits) x = normal(generator);
  return logits;
}

inline std::unique_ptr<Sampler> make_sampler(const SamplingParams& params, size_t n_vocab,
                                             int n_context = 256,
                                             const DryBreakers* breakers = nullptr) {
  std::unique_ptr<Sampler> sampler;
  const Status status = Sampler::create(params, {static_cast<int>(n_vocab), n_context, breakers},
                                        std::pmr::get_default_resource(), &sampler);
  return status.ok() ? std::move(sampler) : nullptr;
}

// Parameters with everything off but temperature 1: only what a test sets acts.
inline SamplingParams neutral() {
  SamplingParams params;
  params.temperature = 1.0f;
  params.top_k = 0;
  params.top_p = 1.0f;
  params.min_p = 0.0f;
  return params;
}

// A stage run alone: its state, and the candidates it leaves as exact probabilities.
struct StageRun {
  StageRun(const SamplingParams& params, std::span<const float> logits)
      : state(params, static_cast<int>(logits.size()), 256, nullptr,
              std::pmr::get_default_resource()),
        candidates(logits.size(), std::pmr::get_default_resource()) {
    started = candidates.begin(logits, {}, 0).ok();
  }

  void apply(StageId id) { stage_function(id)(state, candidates); }

  oracle::Distribution distribution() {
    candidates.collect();
    const auto total = static_cast<double>(candidates.weigh());
    oracle::Distribution d;
    for (const Candidate& c : candidates.records()) {
      d[c.id] = static_cast<double>(mass_of(c)) / total;
    }
    return d;
  }

  StageState state;
  Candidates candidates;
  bool started = false;
};

// Largest difference of two distributions; 2 if they do not have the same tokens.
inline double distance(const oracle::Distribution& a, const oracle::Distribution& b) {
  if (a.size() != b.size()) return 2;
  double largest = 0;
  auto other = b.begin();
  for (const auto& [id, p] : a) {
    if (other->first != id) return 2;
    largest = std::max(largest, std::abs(p - other->second));
    ++other;
  }
  return largest;
}

// exp in float: 2 ulp of the largest probability, and the rounding of masses.
inline constexpr double kTolerance = 1e-6;

}  // namespace minnow::testing_sampling
