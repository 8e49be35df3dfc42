// FloatEnvironment: the floating-point mode in which minnow computes (round to nearest even, no
// flush to zero, no trapping), set for a scope and given back as the host had it. Every entry of
// the library that computes, every worker and every job on a host's executor holds one.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace minnow {

class FloatEnvironment {
 public:
#if defined(__SSE2__)
  FloatEnvironment() : saved_(_mm_getcsr()) {
    _mm_setcsr(0x1f80);
  }
  ~FloatEnvironment() {
    _mm_setcsr(static_cast<unsigned>(saved_));
  }
#elif defined(__aarch64__)
  FloatEnvironment() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    const std::uint64_t plain = 0;
    asm volatile("msr fpcr, %0" ::"r"(plain));
  }
  ~FloatEnvironment() {
    asm volatile("msr fpcr, %0" ::"r"(saved_));
  }
#else
  FloatEnvironment() = default;
#endif
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  std::uint64_t saved_ = 0;
};

}  // namespace minnow
