#include "base/cpu_features.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace minnow {
namespace {

#if defined(__x86_64__) && defined(__linux__)
// The flags that the kernel lists, which it clears too where it does not save the registers.
std::set<std::string> kernel_flags() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;) flags.insert(word);
    break;
  }
  return flags;
}

TEST(CpuFeatures, AgreesWithTheKernel) {
  const std::set<std::string> flags = kernel_flags();
  ASSERT_FALSE(flags.empty());
  const std::uint64_t mask = detect_cpu_features().mask;
  const std::pair<std::uint64_t, const char*> rows[] = {{kMinnowCpuSse42, "sse4_2"},
                                                        {kMinnowCpuAvx, "avx"},
                                                        {kMinnowCpuAvx2, "avx2"},
                                                        {kMinnowCpuFma, "fma"},
                                                        {kMinnowCpuF16c, "f16c"},
                                                        {kMinnowCpuBmi2, "bmi2"},
                                                        {kMinnowCpuAvx512F, "avx512f"},
                                                        {kMinnowCpuAvx512Bw, "avx512bw"},
                                                        {kMinnowCpuAvx512Dq, "avx512dq"},
                                                        {kMinnowCpuAvx512Vl, "avx512vl"},
                                                        {kMinnowCpuAvx512Vnni, "avx512_vnni"},
                                                        {kMinnowCpuAvx512Vbmi, "avx512vbmi"},
                                                        {kMinnowCpuAvx512Bf16, "avx512_bf16"},
                                                        {kMinnowCpuAvxVnni, "avx_vnni"}};
  for (const auto& [bit, name] : rows) EXPECT_EQ((mask & bit) != 0, flags.count(name) == 1) << name;
}

TEST(CpuFeatures, AgreesWithTheCompilersDetection) {
  const std::uint64_t mask = detect_cpu_features().mask;
  EXPECT_EQ((mask & kMinnowCpuAvx2) != 0, __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ((mask & kMinnowCpuFma) != 0, __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ((mask & kMinnowCpuAvx512F) != 0, __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ((mask & kMinnowCpuAvx512Vnni) != 0, __builtin_cpu_supports("avx512vnni") != 0);
}

TEST(CpuTopology, KnowsTheCachesAndTheName) {
  const CpuTopology topology = detect_cpu_topology();
  EXPECT_FALSE(topology.brand.empty());
  EXPECT_GE(topology.l1d_bytes, 8u << 10);
  EXPECT_LE(topology.l1d_bytes, 1u << 20);
  EXPECT_GE(topology.l2_bytes, topology.l1d_bytes);
  EXPECT_LE(topology.l2_bytes, 64u << 20);
}
#endif

TEST(CpuTopology, CountsTheCpusThatThisProcessMayUse) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_EQ(detect_cpu_topology().n_cpus_allowed, CPU_COUNT(&all));
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(detect_cpu_topology().n_cpus_allowed, 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

TEST(CpuTopology, RoundsAQuotaUpAndNeverToNothing) {
  CpuTopology topology;
  topology.n_cpus_allowed = 8;
  EXPECT_EQ(usable_cpus(topology), 8);
  topology.quota_cpus = 2.5;
  EXPECT_EQ(usable_cpus(topology), 3);
  topology.quota_cpus = 0.1;
  EXPECT_EQ(usable_cpus(topology), 1);
  topology.quota_cpus = 1e30;
  EXPECT_EQ(usable_cpus(topology), 8);
  topology.n_cpus_allowed = 0;
  EXPECT_EQ(usable_cpus(topology), 1);
}

TEST(CpuMask, NamesItsBits) {
  EXPECT_EQ(cpu_mask_names(0), "");
  EXPECT_EQ(cpu_mask_names(kMinnowCpuAvx2 | kMinnowCpuFma), "avx2 fma");
  EXPECT_EQ(cpu_mask_names(kMinnowCpuNeon | kMinnowCpuNeonI8mm), "neon neon-i8mm");
}

}  // namespace
}  // namespace minnow
