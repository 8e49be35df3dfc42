// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011):
// random numbers as a function of a counter and a key, without state.
//
// Sampling needs that: the number drawn for a token depends on seed, position and stage only, so
// speculation, batching and undoing do not change what comes next.
#pragma once

#include <array>
#include <cstdint>

namespace minnow {

inline std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                               std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

// 64 random bits for one purpose at one position.
inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t position, std::uint32_t stage) {
  const auto words = philox4x32(
      {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32), stage, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return words[0] | std::uint64_t{words[1]} << 32;
}

// A number in [0, limit): the high half of bits * limit, from 32-bit pieces.
inline std::uint64_t scale_bits(std::uint64_t bits, std::uint64_t limit) {
  const std::uint64_t low = (bits & 0xffffffffu) * (limit & 0xffffffffu);
  const std::uint64_t cross1 = (bits >> 32) * (limit & 0xffffffffu);
  const std::uint64_t cross2 = (bits & 0xffffffffu) * (limit >> 32);
  const std::uint64_t carry = (low >> 32) + (cross1 & 0xffffffffu) + (cross2 & 0xffffffffu);
  return (bits >> 32) * (limit >> 32) + (cross1 >> 32) + (cross2 >> 32) + (carry >> 32);
}

// A number in [0, 1) with 53 bits.
inline double unit_interval(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace minnow
