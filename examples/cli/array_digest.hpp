// ArrayDigest: SHA-256 (FIPS 180-4) of an array's bytes that come in pieces, for `logits --digest`.
// The library's own is not part of its interface, so the program carries one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace minnow::program {

class ArrayDigest {
 public:
  void append(const void* data, std::size_t n_bytes);
  std::string finish();  // 64 hexadecimal digits; nothing may be appended afterwards

 private:
  void take_block();

  std::uint32_t h_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char block_[64] = {};
  std::size_t n_in_block_ = 0;
  std::uint64_t n_bytes_ = 0;
};

}  // namespace minnow::program
