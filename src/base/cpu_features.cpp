#include "base/cpu_features.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#endif
#if defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/cgroup_quota.hpp"

namespace minnow {

namespace {

struct NamedBit {
  std::uint64_t bit;
  std::string_view name;
};

constexpr NamedBit kBitNames[] = {
    {kMinnowCpuSse42, "sse4.2"},
    {kMinnowCpuAvx, "avx"},
    {kMinnowCpuAvx2, "avx2"},
    {kMinnowCpuFma, "fma"},
    {kMinnowCpuF16c, "f16c"},
    {kMinnowCpuBmi2, "bmi2"},
    {kMinnowCpuAvxVnni, "avxvnni"},
    {kMinnowCpuAvx512F, "avx512f"},
    {kMinnowCpuAvx512Bw, "avx512bw"},
    {kMinnowCpuAvx512Dq, "avx512dq"},
    {kMinnowCpuAvx512Vl, "avx512vl"},
    {kMinnowCpuAvx512Vnni, "avx512vnni"},
    {kMinnowCpuAvx512Bf16, "avx512bf16"},
    {kMinnowCpuAvx512Vbmi, "avx512vbmi"},
    {kMinnowCpuNeon, "neon"},
    {kMinnowCpuNeonDotprod, "neon-dotprod"},
    {kMinnowCpuNeonI8mm, "neon-i8mm"},
    {kMinnowCpuWasmSimd, "wasm-simd"},
};

#if defined(__x86_64__)

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned part = 0) noexcept {
  Registers r;
  if (__get_cpuid_count(leaf, part, &r.a, &r.b, &r.c, &r.d) == 0) return {};
  return r;
}

// The register states that the operating system saves; 0 when it has not said so. XGETBV as bytes
// of the instruction, because the intrinsic would need compiler flags that this file must not have.
std::uint64_t saved_states() noexcept {
  constexpr unsigned kOsxsave = 1u << 27;
  if ((cpuid(1).c & kOsxsave) == 0) return 0;
  unsigned low = 0;
  unsigned high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

struct Feature {
  std::uint64_t bit;
  unsigned Registers::*where;
  int shift;
};

std::uint64_t bits_of(const Registers& r, const Feature* features, int n) noexcept {
  std::uint64_t mask = 0;
  for (int i = 0; i < n; ++i)
    if ((r.*features[i].where >> features[i].shift & 1u) != 0) mask |= features[i].bit;
  return mask;
}

constexpr Feature kLeaf1[] = {{kMinnowCpuSse42, &Registers::c, 20},
                              {kMinnowCpuAvx, &Registers::c, 28},
                              {kMinnowCpuFma, &Registers::c, 12},
                              {kMinnowCpuF16c, &Registers::c, 29}};
constexpr Feature kLeaf7[] = {
    {kMinnowCpuAvx2, &Registers::b, 5},       {kMinnowCpuBmi2, &Registers::b, 8},
    {kMinnowCpuAvx512F, &Registers::b, 16},   {kMinnowCpuAvx512Dq, &Registers::b, 17},
    {kMinnowCpuAvx512Bw, &Registers::b, 30},  {kMinnowCpuAvx512Vl, &Registers::b, 31},
    {kMinnowCpuAvx512Vbmi, &Registers::c, 1}, {kMinnowCpuAvx512Vnni, &Registers::c, 11}};
constexpr Feature kLeaf7Part1[] = {{kMinnowCpuAvxVnni, &Registers::a, 4},
                                   {kMinnowCpuAvx512Bf16, &Registers::a, 5}};

template <std::size_t n>
std::uint64_t bits_of(const Registers& r, const Feature (&features)[n]) noexcept {
  return bits_of(r, features, static_cast<int>(n));
}

std::uint64_t detect_mask() noexcept {
  std::uint64_t mask = bits_of(cpuid(1), kLeaf1);
  const Registers leaf7 = cpuid(7);
  mask |= bits_of(leaf7, kLeaf7);
  if (leaf7.a >= 1) mask |= bits_of(cpuid(7, 1), kLeaf7Part1);

  constexpr std::uint64_t kYmm = 0x6;          // SSE and AVX state
  constexpr std::uint64_t kZmm = 0xe0 | kYmm;  // opmask, upper halves, upper registers
  constexpr std::uint64_t kNeedsZmm = kMinnowCpuAvx512F | kMinnowCpuAvx512Bw | kMinnowCpuAvx512Dq |
                                      kMinnowCpuAvx512Vl | kMinnowCpuAvx512Vnni |
                                      kMinnowCpuAvx512Bf16 | kMinnowCpuAvx512Vbmi;
  constexpr std::uint64_t kNeedsYmm = kMinnowCpuAvx | kMinnowCpuAvx2 | kMinnowCpuFma |
                                      kMinnowCpuF16c | kMinnowCpuAvxVnni | kNeedsZmm;
  const std::uint64_t saved = saved_states();
  if ((saved & kYmm) != kYmm) mask &= ~kNeedsYmm;
  if ((saved & kZmm) != kZmm) mask &= ~kNeedsZmm;
  return mask;
}

std::string detect_brand() {
  if (cpuid(0x80000000u).a < 0x80000004u) return {};
  std::string brand;
  for (unsigned leaf = 0x80000002u; leaf <= 0x80000004u; ++leaf) {
    const Registers r = cpuid(leaf);
    for (const unsigned word : {r.a, r.b, r.c, r.d})
      for (int shift = 0; shift < 32; shift += 8) brand += static_cast<char>(word >> shift & 0xffu);
  }
  brand.resize(std::min(brand.find('\0'), brand.size()));
  const std::size_t first = brand.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return brand.substr(first, brand.find_last_not_of(' ') + 1 - first);
}

// The deterministic cache leaf: 4 on Intel, 0x8000001d with the same fields on AMD.
void detect_caches(CpuTopology& topology) {
  constexpr unsigned kAmdTopology = 1u << 22;
  const bool amd =
      cpuid(0x80000000u).a >= 0x8000001du && (cpuid(0x80000001u).c & kAmdTopology) != 0;
  for (unsigned i = 0; i < 16; ++i) {
    const Registers r = cpuid(amd ? 0x8000001du : 4u, i);
    const unsigned type = r.a & 31u;  // 1 data, 2 code, 3 both
    if (type == 0) break;
    if (type == 2) continue;
    const std::size_t n_bytes = std::size_t{(r.b >> 22) + 1} * (((r.b >> 12) & 0x3ffu) + 1) *
                                ((r.b & 0xfffu) + 1) * (std::size_t{r.c} + 1);
    switch ((r.a >> 5) & 7u) {
      case 1:
        topology.l1d_bytes = n_bytes;
        break;
      case 2:
        topology.l2_bytes = n_bytes;
        break;
      case 3:
        topology.l3_bytes = n_bytes;
        break;
      default:
        break;
    }
  }
}

#else

std::uint64_t detect_mask() noexcept {
  std::uint64_t mask = 0;
#if defined(__aarch64__)
  mask |= kMinnowCpuNeon;
#if defined(__linux__)
  constexpr unsigned long kAsimdDp = 1ul << 20;  // HWCAP_ASIMDDP
  constexpr unsigned long kI8mm = 1ul << 13;     // HWCAP2_I8MM
  if ((getauxval(AT_HWCAP) & kAsimdDp) != 0) mask |= kMinnowCpuNeonDotprod;
  if ((getauxval(AT_HWCAP2) & kI8mm) != 0) mask |= kMinnowCpuNeonI8mm;
#endif
#endif
#if defined(__wasm_simd128__)
  mask |= kMinnowCpuWasmSimd;
#endif
  return mask;
}

std::string detect_brand() {
  return {};
}

void detect_caches(CpuTopology& topology) {
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  const auto known = [](int name) { return static_cast<std::size_t>(std::max(0l, sysconf(name))); };
  topology.l1d_bytes = known(_SC_LEVEL1_DCACHE_SIZE);
  topology.l2_bytes = known(_SC_LEVEL2_CACHE_SIZE);
  topology.l3_bytes = known(_SC_LEVEL3_CACHE_SIZE);
#else
  (void)topology;
#endif
}

#endif

int count_allowed_cpus() {
#if defined(__linux__)
  // The kernel refuses a set that is smaller than its own, so larger ones are tried.
  for (int n_cpus = 1024; n_cpus <= 65536; n_cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(n_cpus));
    if (set == nullptr) return 1;
    const std::size_t n_bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(n_cpus));
    const bool answered = sched_getaffinity(0, n_bytes, set) == 0;
    const int n_allowed = answered ? CPU_COUNT_S(n_bytes, set) : 0;
    CPU_FREE(set);
    if (answered) return std::max(1, n_allowed);
  }
#endif
  return 1;
}

}  // namespace

CpuFeatures detect_cpu_features() noexcept {
  return {detect_mask()};
}

CpuTopology detect_cpu_topology() {
  CpuTopology topology;
  topology.brand = detect_brand();
  detect_caches(topology);
  topology.n_cpus_allowed = count_allowed_cpus();
  topology.quota_cpus = cgroup_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
  return topology;
}

int usable_cpus(const CpuTopology& topology) {
  const int n_allowed = std::max(1, topology.n_cpus_allowed);
  if (topology.quota_cpus <= 0 || topology.quota_cpus >= n_allowed) return n_allowed;
  return std::max(1, static_cast<int>(std::ceil(topology.quota_cpus)));
}

std::string cpu_mask_names(std::uint64_t mask) {
  std::string names;
  for (const NamedBit& named : kBitNames) {
    if ((mask & named.bit) == 0) continue;
    if (!names.empty()) names += ' ';
    names += named.name;
  }
  return names;
}

}  // namespace minnow
