// CpuSet: some CPUs by number, as users name them ("0-3,6"), and pinning a thread to them.
#pragma once

#include <bitset>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace minnow {

inline constexpr int kMostCpus = 1024;

class CpuSet {
 public:
  // kInvalidArgument naming what is wrong: not numbers and ranges separated by commas, or a number
  // from kMostCpus on.
  static Status parse(std::string_view text, CpuSet& out);
  // The CPUs on which the calling thread may run; empty where the system does not tell.
  static CpuSet of_this_thread() noexcept;

  void add(int cpu) { bits_.set(static_cast<std::size_t>(cpu)); }
  bool empty() const { return bits_.none(); }
  int count() const { return static_cast<int>(bits_.count()); }
  CpuSet operator&(const CpuSet& other) const;
  bool operator==(const CpuSet&) const = default;
  std::string text() const;  // "0-3,6"

  // Asks the system to keep the calling thread on these. True when it does exactly that.
  bool pin_this_thread() const noexcept;

 private:
  std::bitset<kMostCpus> bits_;
};

}  // namespace minnow
