#include "array_digest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace minnow::program {

namespace {

using RoundKeys = std::array<std::uint32_t, 64>;

// The first 32 bits of the fractional part of the cube root of x, exactly: the integer root of
// x * 2^96 by bisection, in 128-bit arithmetic.
constexpr std::uint32_t cube_root_fraction(std::uint32_t x) {
  using Wide = unsigned __int128;
  std::uint64_t low = 0, high = std::uint64_t{1} << 36;  // the root of 311 is below 2^3
  while (high - low > 1) {
    const std::uint64_t middle = (low + high) / 2;
    const bool too_large = Wide{middle} * middle * middle > (Wide{x} << 96);
    (too_large ? high : low) = middle;
  }
  return static_cast<std::uint32_t>(low);
}

constexpr bool is_prime(std::uint32_t n) {
  for (std::uint32_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

constexpr RoundKeys make_round_keys() {
  RoundKeys keys{};
  std::uint32_t prime = 2;
  for (std::uint32_t& key : keys) {
    key = cube_root_fraction(prime++);
    while (!is_prime(prime)) ++prime;
  }
  return keys;
}

constexpr RoundKeys kRoundKeys = make_round_keys();
static_assert(kRoundKeys[0] == 0x428a2f98 && kRoundKeys[63] == 0xc67178f2);

}  // namespace

void ArrayDigest::take_block() {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 4; ++j) w[i] = w[i] << 8 | block_[4 * i + j];
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  std::uint32_t v[8];  // a ... h of the standard
  std::copy_n(h_, 8, v);
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t big1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
    const std::uint32_t big0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
    const std::uint32_t chosen = v[6] ^ (v[4] & (v[5] ^ v[6]));
    const std::uint32_t majority = (v[0] & v[1]) | (v[2] & (v[0] | v[1]));
    const std::uint32_t t = v[7] + big1 + chosen + kRoundKeys[i] + w[i];
    std::copy_backward(v, v + 7, v + 8);
    v[4] += t;
    v[0] = t + big0 + majority;
  }
  for (int i = 0; i < 8; ++i) h_[i] += v[i];
  n_in_block_ = 0;
}

void ArrayDigest::append(const void* data, std::size_t n_bytes) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  n_bytes_ += n_bytes;
  while (n_bytes > 0) {
    const std::size_t n = std::min(n_bytes, sizeof block_ - n_in_block_);
    std::memcpy(block_ + n_in_block_, bytes, n);
    n_in_block_ += n;
    bytes += n;
    n_bytes -= n;
    if (n_in_block_ == sizeof block_) take_block();
  }
}

std::string ArrayDigest::finish() {
  const std::uint64_t n_bits = n_bytes_ * 8;
  const unsigned char one = 0x80, zero = 0;
  append(&one, 1);
  while (n_in_block_ != 56) append(&zero, 1);
  unsigned char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(n_bits >> (56 - 8 * i));
  append(length, sizeof length);
  char text[65];
  for (int i = 0; i < 8; ++i) std::snprintf(text + 8 * i, 9, "%08x", static_cast<unsigned>(h_[i]));
  return text;
}

}  // namespace minnow::program
