// The bits of a CPU feature mask: what a kernel table may need. Kernels and the resolver see only
// this mask, never the CPU itself, so a test can ask what another CPU would run
// (src/base/cpu_features.hpp fills a mask in). A bit is set only when the operating system also
// saves the registers that go with it.
#pragma once

#include <cstdint>

enum MinnowCpuBit : std::uint64_t {
  // x86-64
  kMinnowCpuSse42 = 1ull << 0,
  kMinnowCpuAvx = 1ull << 1,
  kMinnowCpuAvx2 = 1ull << 2,
  kMinnowCpuFma = 1ull << 3,
  kMinnowCpuF16c = 1ull << 4,
  kMinnowCpuBmi2 = 1ull << 5,
  kMinnowCpuAvxVnni = 1ull << 6,
  kMinnowCpuAvx512F = 1ull << 7,
  kMinnowCpuAvx512Bw = 1ull << 8,
  kMinnowCpuAvx512Dq = 1ull << 9,
  kMinnowCpuAvx512Vl = 1ull << 10,
  kMinnowCpuAvx512Vnni = 1ull << 11,
  kMinnowCpuAvx512Bf16 = 1ull << 12,
  kMinnowCpuAvx512Vbmi = 1ull << 13,
  // AArch64
  kMinnowCpuNeon = 1ull << 32,
  kMinnowCpuNeonDotprod = 1ull << 33,
  kMinnowCpuNeonI8mm = 1ull << 34,
  // WebAssembly
  kMinnowCpuWasmSimd = 1ull << 48,
};
