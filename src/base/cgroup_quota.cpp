#include "base/cgroup_quota.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

namespace minnow {

namespace {

// The start of a small text file of the kernel's, "" when it cannot be read. (FileReader is not for
// these: they report a size of 0.)
std::string read_small(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return {};
  char text[4096];
  std::size_t n_bytes = 0;
  while (n_bytes < sizeof text) {
    const ssize_t n = read(descriptor, text + n_bytes, sizeof text - n_bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    n_bytes += static_cast<std::size_t>(n);
  }
  close(descriptor);
  return std::string(text, n_bytes);
}

// Takes the text up to `end` from the front of `rest`.
std::string_view take_until(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

// A positive number, 0 for anything else ("max", "-1").
double positive_number(std::string_view text) {
  long long value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && value > 0 ? static_cast<double>(value) : 0;
}

double quota_of_group(const std::string& folder, bool is_v2) {
  std::string quota_text;
  std::string period_text;
  if (is_v2) {  // "150000 100000" or "max 100000"
    const std::string text = read_small(folder + "/cpu.max");
    std::string_view rest = text;
    quota_text = take_until(rest, ' ');
    period_text = rest;
  } else {
    quota_text = read_small(folder + "/cpu.cfs_quota_us");
    period_text = read_small(folder + "/cpu.cfs_period_us");
  }
  const double quota = positive_number(quota_text);
  const double period = positive_number(period_text);
  return quota > 0 && period > 0 ? quota / period : 0;
}

// The smallest limit on the way from `group` up to the mount.
double smallest_quota(const std::string& mount, std::string group, bool is_v2) {
  double smallest = 0;
  while (true) {
    const double quota = quota_of_group(mount + group, is_v2);
    if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
    const std::size_t slash = group.rfind('/');
    if (slash == std::string::npos) return smallest;
    group.resize(slash);
  }
}

bool lists_cpu(std::string_view controllers) {
  while (!controllers.empty())
    if (take_until(controllers, ',') == "cpu") return true;
  return false;
}

}  // namespace

double cgroup_cpu_quota(const std::string& membership_path, const std::string& mount) {
  const std::string text = read_small(membership_path);
  std::string_view rest = text;
  double smallest = 0;
  while (!rest.empty()) {  // "0::/user.slice" (v2) or "4:cpu,cpuacct:/docker/1" (v1)
    std::string_view line = take_until(rest, '\n');
    take_until(line, ':');
    const std::string_view controllers = take_until(line, ':');
    const bool is_v2 = controllers.empty();
    if (!is_v2 && !lists_cpu(controllers)) continue;
    const std::string group = line == "/" ? std::string() : std::string(line);
    const double quota = smallest_quota(is_v2 ? mount : mount + "/cpu", group, is_v2);
    if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
  }
  return smallest;
}

}  // namespace minnow
