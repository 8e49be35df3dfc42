// A hash of short byte strings for the tokenizer's own tables. Not for hostile keys in general:
// tables that it serves have a bounded load and probe linearly, and an attacker who shapes a
// vocabulary file slows down only the opening of that file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace minnow {

inline std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_text(const char* text, std::size_t n_bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15u, kOther = 0xD6E8FEB86659FD93u;
  std::uint64_t state = kOther ^ n_bytes;
  while (n_bytes > 8) {
    std::uint64_t word;
    std::memcpy(&word, text, 8);
    state = mix_hash(state ^ word, kOdd);
    text += 8;
    n_bytes -= 8;
  }
  std::uint64_t low = 0, high = 0;
  if (n_bytes >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, text, 4);
    std::memcpy(&last, text + n_bytes - 4, 4);
    low = first;
    high = last;
  } else if (n_bytes > 0) {
    low = static_cast<unsigned char>(text[0]);
    high = static_cast<std::uint64_t>(static_cast<unsigned char>(text[n_bytes / 2])) << 8 |
           static_cast<unsigned char>(text[n_bytes - 1]);
  }
  return mix_hash(state ^ (low | high << 32), kOther);
}

inline std::uint64_t hash_text(std::string_view text) {
  return hash_text(text.data(), text.size());
}

}  // namespace minnow
