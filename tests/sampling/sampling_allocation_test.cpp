// Sampling allocates nothing: every operator new of this program is counted.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "sampling_oracle.hpp"

namespace {

size_t n_allocations = 0;

void* counted(size_t n_bytes) {
  ++n_allocations;
  void* p = std::malloc(n_bytes == 0 ? 1 : n_bytes);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

}  // namespace

void* operator new(size_t n_bytes) {
  return counted(n_bytes);
}
void* operator new[](size_t n_bytes) {
  return counted(n_bytes);
}
// std::stable_sort of the oracle asks for memory this way, and gives it back through operator
// delete.
void* operator new(size_t n_bytes, const std::nothrow_t&) noexcept {
  ++n_allocations;
  return std::malloc(n_bytes == 0 ? 1 : n_bytes);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, size_t) noexcept {
  std::free(p);
}

namespace minnow {
namespace {

TEST(Sampler, AllocatesNothingForAToken) {
  for (const int mirostat : {0, 1, 2}) {
    SamplingParams params;
    params.mirostat = mirostat;
    params.dry_multiplier = 0.8f;
    params.repeat_penalty = 1.1f;
    params.top_k = 0;
    params.typical_p = 0.9f;
    params.xtc_probability = 0.5f;
    params.top_n_sigma = 2.0f;
    params.dynatemp_range = 0.2f;
    params.logit_bias = {{3, 1.0f}};
    const auto sampler = testing_sampling::make_sampler(params, 5000);
    ASSERT_NE(sampler, nullptr);
    std::vector<std::uint64_t> mask(79, ~std::uint64_t{0});
    mask[4] = 5;
    const auto logits = testing_sampling::random_logits(5000, 3.0f, 1);
    bool ok = true;
    const size_t before = n_allocations;
    for (std::uint64_t i = 0; i < 300; ++i) {
      Token token = kNoToken;
      ok &= sampler->sample(logits, mask, i, &token).ok();
      sampler->accept(token);
    }
    sampler->reset();
    EXPECT_EQ(n_allocations, before) << "mirostat " << mirostat;
    EXPECT_TRUE(ok);
  }
}

}  // namespace
}  // namespace minnow
