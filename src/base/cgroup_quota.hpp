// How much CPU time the control groups of Linux (v1 or v2) grant this process.
#pragma once

#include <string>

namespace minnow {

// CPU time per time: 1.5 means one and a half CPUs; 0: no limit, or none that can be read. The
// smallest limit of the process's group and those above it. `membership_path` is normally
// /proc/self/cgroup, `mount` /sys/fs/cgroup.
double cgroup_cpu_quota(const std::string& membership_path, const std::string& mount);

}  // namespace minnow
