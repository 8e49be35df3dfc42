#include "base/cgroup_quota.hpp"

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace minnow {
namespace {

using testing_support::TemporaryFolder;

double quota_of(const TemporaryFolder& folder, std::string_view membership) {
  return cgroup_cpu_quota(folder.write_text("cgroup", membership), folder.path("mount"));
}

TEST(CgroupQuota, ReadsVersionTwo) {
  TemporaryFolder folder;
  folder.write_text("mount/app.slice/one/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota_of(folder, "0::/app.slice/one\n"), 1.5);
  EXPECT_EQ(quota_of(folder, "0::/app.slice\n"), 0);
  folder.write_text("mount/app.slice/one/cpu.max", "max 100000\n");
  EXPECT_EQ(quota_of(folder, "0::/app.slice/one\n"), 0);
}

TEST(CgroupQuota, TakesTheSmallestLimitOnTheWayUp) {
  TemporaryFolder folder;
  folder.write_text("mount/cpu.max", "300000 100000\n");
  folder.write_text("mount/a/cpu.max", "50000 100000\n");
  folder.write_text("mount/a/b/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota_of(folder, "0::/a/b\n"), 0.5);
  EXPECT_EQ(quota_of(folder, "0::/\n"), 3);
}

TEST(CgroupQuota, ReadsVersionOne) {
  TemporaryFolder folder;
  folder.write_text("mount/cpu/docker/x/cpu.cfs_quota_us", "250000\n");
  folder.write_text("mount/cpu/docker/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota_of(folder, "9:memory:/docker/x\n4:cpuset:/docker/x\n3:cpu,cpuacct:/docker/x\n"),
            2.5);
  folder.write_text("mount/cpu/docker/x/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(quota_of(folder, "3:cpu,cpuacct:/docker/x\n"), 0);
}

TEST(CgroupQuota, TakesDamagedFilesForNoLimit) {
  TemporaryFolder folder;
  for (const char* text :
       {"", "garbage", "100000", "100000 0", "100000 x", "-5 100000", "9e99 1"}) {
    folder.write_text("mount/a/cpu.max", text);
    EXPECT_EQ(quota_of(folder, "0::/a\n"), text == std::string("9e99 1") ? 9 : 0) << text;
  }
  EXPECT_EQ(quota_of(folder, ""), 0);
  EXPECT_EQ(quota_of(folder, "no colons at all"), 0);
  EXPECT_EQ(cgroup_cpu_quota(folder.path("absent"), folder.path("absent")), 0);
}

}  // namespace
}  // namespace minnow
