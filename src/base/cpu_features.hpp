// What this CPU can run and how many of its threads this process may use. Asked of the hardware and
// the operating system at each call: nothing is remembered, so call once and keep the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/api/cpu_mask.hpp"

namespace minnow {

struct CpuFeatures {
  std::uint64_t mask = 0;  // MinnowCpuBit
};

struct CpuTopology {
  std::string brand;          // as the CPU names itself, "" when it does not
  std::size_t l1d_bytes = 0;  // 0: not known
  std::size_t l2_bytes = 0;
  std::size_t l3_bytes = 0;
  int n_cpus_allowed = 1;  // in the affinity mask
  double quota_cpus = 0;   // CPU time per time that the control group grants; 0: no limit known
};

CpuFeatures detect_cpu_features() noexcept;

// Reads /proc and /sys; what cannot be read stays at its default.
CpuTopology detect_cpu_topology();

// The number of threads worth running: the allowed CPUs, bounded by the quota rounded up, at
// least 1.
int usable_cpus(const CpuTopology& topology);

// "sse4.2 avx2 fma …": the set bits in order, for messages.
std::string cpu_mask_names(std::uint64_t mask);

}  // namespace minnow
