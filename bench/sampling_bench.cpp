// Sampling at the vocabulary of Gemma 3 (262,144): the default chain, and the chains that have to
// look at every logit. A token of the 270M model takes about 5 ms on one small desktop core.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <memory_resource>
#include <random>
#include <vector>

#include "sampling/sampler.hpp"

namespace minnow {
namespace {

constexpr size_t kVocab = 262144;

// Logits of the shape that models give: a bell with a few hundred better ones above it, the best
// about 23 above the middle, so that nearly every token still has some mass.
std::vector<float> model_like_logits() {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(-4.0f, 2.5f);
  std::exponential_distribution<float> tail(0.25f);
  std::vector<float> logits(kVocab);
  for (float& x : logits) x = normal(generator);
  for (int i = 0; i < 300; ++i) logits[generator() % kVocab] = -4.0f + tail(generator);
  return logits;
}

void run(benchmark::State& state, const SamplingParams& params, int n_history = 64) {
  const auto logits = model_like_logits();
  std::unique_ptr<Sampler> sampler;
  const Status status = Sampler::create(params, {static_cast<int>(kVocab), 4096, nullptr},
                                        std::pmr::get_default_resource(), &sampler);
  if (!status.ok()) return state.SkipWithError(status.message().c_str());
  std::mt19937 generator(2);
  for (int i = 0; i < n_history; ++i) sampler->accept(static_cast<Token>(generator() % kVocab));
  std::uint64_t position = 0;
  Token token = kNoToken;
  for (auto _ : state) {
    if (!sampler->sample(logits, position++, &token).ok()) return state.SkipWithError("sample");
    benchmark::DoNotOptimize(token);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(kVocab));
}

void BM_SampleGreedy(benchmark::State& state) {
  SamplingParams params;
  params.temperature = 0;
  run(state, params);
}
BENCHMARK(BM_SampleGreedy)->Unit(benchmark::kMicrosecond);

void BM_SampleDefault(benchmark::State& state) {
  run(state, SamplingParams());
}
BENCHMARK(BM_SampleDefault)->Unit(benchmark::kMicrosecond);

void BM_SampleTopK(benchmark::State& state) {
  SamplingParams params;
  params.top_k = static_cast<int>(state.range(0));
  params.min_p = 0;
  run(state, params);
}
BENCHMARK(BM_SampleTopK)->Arg(1)->Arg(40)->Arg(64)->Arg(1000)->Unit(benchmark::kMicrosecond);

void BM_SamplePenaltiesAndDry(benchmark::State& state) {
  SamplingParams params;
  params.repeat_penalty = 1.1f;
  params.dry_multiplier = 0.8f;
  params.repeat_last_n = params.dry_penalty_last_n = static_cast<int>(state.range(0));
  run(state, params, static_cast<int>(state.range(0)));
}
BENCHMARK(BM_SamplePenaltiesAndDry)->Arg(64)->Arg(1024)->Unit(benchmark::kMicrosecond);

void BM_SampleTopPOnly(benchmark::State& state) {
  SamplingParams params;
  params.top_k = 0;
  params.min_p = 0;
  run(state, params);
}
BENCHMARK(BM_SampleTopPOnly)->Unit(benchmark::kMicrosecond);

void BM_SampleMinPOnly(benchmark::State& state) {
  SamplingParams params;
  params.top_k = 0;
  params.top_p = 1;
  run(state, params);
}
BENCHMARK(BM_SampleMinPOnly)->Unit(benchmark::kMicrosecond);

void BM_SampleTemperatureOnly(benchmark::State& state) {
  SamplingParams params;
  params.top_k = 0;
  params.top_p = 1;
  params.min_p = 0;
  run(state, params);
}
BENCHMARK(BM_SampleTemperatureOnly)->Unit(benchmark::kMicrosecond);

void BM_SampleTopNSigma(benchmark::State& state) {
  SamplingParams params;
  params.top_n_sigma = 1;
  run(state, params);
}
BENCHMARK(BM_SampleTopNSigma)->Unit(benchmark::kMicrosecond);

void BM_SampleMirostat(benchmark::State& state) {
  SamplingParams params;
  params.mirostat = static_cast<int>(state.range(0));
  run(state, params);
}
BENCHMARK(BM_SampleMirostat)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace minnow
