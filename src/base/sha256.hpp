// SHA-256 (FIPS 180-4), incremental: for digests of results and fingerprints of files. Plain code,
// 100 to 200 MB/s; not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace minnow {

using Sha256Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  void update(const void* data, std::size_t n_bytes) {
    update({static_cast<const std::byte*>(data), n_bytes});
  }
  // The digest of everything given so far; the object may be given more afterwards.
  Sha256Digest digest() const;

 private:
  void compress(const std::uint8_t* block);  // [64]

  std::array<std::uint32_t, 8> state_{0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                                      0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
  std::array<std::uint8_t, 64> block_{};
  std::uint64_t n_bytes_ = 0;
};

// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256Digest& digest);

}  // namespace minnow
