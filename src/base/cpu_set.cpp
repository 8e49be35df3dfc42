#include "base/cpu_set.hpp"

#include <charconv>

#include "base/quoted.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace minnow {

namespace {

// Takes a number from the front of the text.
bool take_number(std::string_view& text, int& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  if (result.ec != std::errc() || out < 0 || out >= kMostCpus || text.front() == '-') return false;
  text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
  return true;
}

}  // namespace

Status CpuSet::parse(std::string_view text, CpuSet& out) {
  CpuSet set;
  std::string_view rest = text;
  for (bool more = true; more;) {
    int first = 0;
    bool ok = !rest.empty() && take_number(rest, first);
    int last = first;
    if (ok && !rest.empty() && rest.front() == '-') {
      rest.remove_prefix(1);
      ok = !rest.empty() && take_number(rest, last) && last >= first;
    }
    more = !rest.empty();
    ok = ok && (!more || rest.front() == ',');
    if (!ok)
      return error(StatusCode::kInvalidArgument, "option 'affinity' is ", in_quotes(text),
                   ", which is not a list of CPUs like 0-3,6 with numbers below ", kMostCpus);
    if (more) rest.remove_prefix(1);
    for (int cpu = first; cpu <= last; ++cpu) set.add(cpu);
  }
  out = set;
  return {};
}

CpuSet CpuSet::operator&(const CpuSet& other) const {
  CpuSet both;
  both.bits_ = bits_ & other.bits_;
  return both;
}

std::string CpuSet::text() const {
  std::string text;
  for (std::size_t cpu = 0; cpu < bits_.size(); ++cpu) {
    if (!bits_[cpu]) continue;
    std::size_t last = cpu;
    while (last + 1 < bits_.size() && bits_[last + 1]) ++last;
    if (!text.empty()) text += ',';
    text += last == cpu ? join(cpu) : join(cpu, '-', last);
    cpu = last;
  }
  return text;
}

#if defined(__linux__)

CpuSet CpuSet::of_this_thread() noexcept {
  CpuSet result;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return result;
  for (int cpu = 0; cpu < kMostCpus && cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) result.add(cpu);
  return result;
}

bool CpuSet::pin_this_thread() const noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu = 0; cpu < kMostCpus && cpu < CPU_SETSIZE; ++cpu)
    if (bits_[static_cast<std::size_t>(cpu)]) CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0 && of_this_thread() == *this;
}

#else

CpuSet CpuSet::of_this_thread() noexcept {
  return {};
}

bool CpuSet::pin_this_thread() const noexcept {
  return false;
}

#endif

}  // namespace minnow
