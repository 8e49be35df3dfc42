#include "base/checksum.hpp"

#include <cstring>

namespace minnow {

namespace {

// Odd numbers with many bits set: multiplying by one loses nothing (mod 2^64).
constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio
constexpr std::uint64_t kLastFactor = 0xd6e8feb86659fd93u;
constexpr std::size_t kLanes = 8;  // independent chains, so that multiplications overlap

constexpr std::uint64_t step(std::uint64_t state, std::uint64_t word) {
  const std::uint64_t mixed = (state ^ word) * kFactor;
  return mixed ^ (mixed >> 29);
}

}  // namespace

std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
  std::uint64_t lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = i + 1;
  const std::byte* at = bytes.data();
  std::size_t n_left = bytes.size();
  for (; n_left >= sizeof lanes; n_left -= sizeof lanes, at += sizeof lanes) {
#pragma GCC unroll 8  // so that all lanes stay in registers
    for (std::size_t i = 0; i < kLanes; ++i) {
      std::uint64_t word;
      std::memcpy(&word, at + i * sizeof word, sizeof word);
      lanes[i] = step(lanes[i], word);
    }
  }
  std::uint64_t sum = bytes.size();
  for (const std::uint64_t lane : lanes) sum = step(sum, lane) * kLastFactor;
  for (; n_left > 0; --n_left, ++at) sum = step(sum, static_cast<std::uint64_t>(*at));
  return sum;
}

}  // namespace minnow
