#include "runtime/fingerprint.hpp"

#include <algorithm>
#include <vector>

#include "base/checksum.hpp"

namespace minnow {

namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr std::uint64_t kSamples = 8;  // of each tensor
constexpr std::uint64_t kSampleBytes = 256;

}  // namespace

Status fingerprint_file(const MappedFile& file, const Gguf& gguf, Sha256Digest& out) {
  Sha256 hash;
  std::vector<std::byte> buffer(kBufferBytes);
  const auto add = [&](std::uint64_t offset, std::uint64_t n_bytes) -> Status {
    const std::span<std::byte> piece(buffer.data(), static_cast<std::size_t>(n_bytes));
    MINNOW_TRY(file.read(offset, piece));
    // Of its checksum: a vocabulary has megabytes, and this is not to keep forgers out.
    const std::uint64_t sum = checksum(piece);
    hash.update(&sum, sizeof sum);
    return {};
  };
  for (std::uint64_t at = 0; at < gguf.data_offset(); at += kBufferBytes)
    MINNOW_TRY(add(at, std::min<std::uint64_t>(kBufferBytes, gguf.data_offset() - at)));
  for (const GgufTensor& tensor : gguf.tensors()) {
    const std::uint64_t n_bytes = std::min(tensor.n_bytes, kSampleBytes);
    const std::uint64_t room = tensor.n_bytes - n_bytes;
    for (std::uint64_t i = 0; i < kSamples; ++i)
      MINNOW_TRY(add(tensor.offset + room / (kSamples - 1) * i, n_bytes));
  }
  out = hash.digest();
  return {};
}

}  // namespace minnow
