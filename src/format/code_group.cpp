// decode_group: 16 rows of a format without a fast kernel, as the codes and scales that
// KernelTable::matmul_codes multiplies. The parts of the buffer follow one another: codes, scales,
// mins, dmin; each is a whole number of 64-byte lines because k is a whole number of blocks.
#include <cstring>

#include "base/ensure.hpp"
#include "format/format_traits.hpp"

namespace minnow {
namespace {

constexpr int kSuperBlock = 256;  // elements under one dmin

// What decode_group writes, by part.
struct Parts {
  std::int8_t* codes;  // [k / 4][16 rows][4]
  float* scales;       // [k / sub][16 rows]
  std::uint8_t* mins;  // [k / sub][16 rows], or NULL
  float* dmin;         // [k / 256][16 rows], or NULL
};

struct PartBytes {
  std::size_t codes, scales, mins, dmin;
};

PartBytes part_bytes(const FormatInfo& info, std::int64_t k) {
  const auto elements = static_cast<std::size_t>(k);
  const std::size_t subs = elements / static_cast<std::size_t>(info.sub);
  PartBytes bytes{elements * kGroupRows, subs * kGroupRows * sizeof(float), 0, 0};
  if (info.mins == Mins::kInteger) {
    bytes.mins = subs * kGroupRows;
    bytes.dmin = elements / kSuperBlock * kGroupRows * sizeof(float);
  }
  return bytes;
}

Parts split_buffer(const FormatInfo& info, std::int64_t k, void* buffer) {
  const PartBytes bytes = part_bytes(info, k);
  char* at = static_cast<char*>(buffer);
  Parts parts{};
  parts.codes = reinterpret_cast<std::int8_t*>(at);
  at += bytes.codes;
  parts.scales = static_cast<float*>(static_cast<void*>(at));
  at += bytes.scales;
  if (info.mins == Mins::kInteger) {
    parts.mins = reinterpret_cast<std::uint8_t*>(at);
    at += bytes.mins;
    parts.dmin = static_cast<float*>(static_cast<void*>(at));
  }
  return parts;
}

// Writes one block of one row; `start` is the element that the block begins with.
void scatter_block(const FormatInfo& info, const RuleBlock& block, int row, std::int64_t start,
                   const Parts& parts) {
  std::int8_t* codes = parts.codes + start * kGroupRows + row * 4;
  for (int i = 0; i < info.elements; i += 4)
    std::memcpy(codes + i * kGroupRows, block.codes + i, 4);
  const std::int64_t sub = start / info.sub * kGroupRows + row;
  const int n_subs = info.elements / info.sub;
  for (int s = 0; s < n_subs; ++s) parts.scales[sub + s * kGroupRows] = block.scales[s];
  if (info.mins != Mins::kInteger) return;
  for (int s = 0; s < n_subs; ++s) parts.mins[sub + s * kGroupRows] = block.mins[s];
  parts.dmin[start / kSuperBlock * kGroupRows + row] = block.dmin;
}

}  // namespace

std::size_t code_group_bytes(Format format, std::int64_t k) {
  const FormatInfo& info = format_info(format);
  if (info.sub == 0 || info.mins == Mins::kBlock) return 0;
  const PartBytes bytes = part_bytes(info, k);
  return bytes.codes + bytes.scales + bytes.mins + bytes.dmin;
}

void decode_group(Format format, const void* rows, std::int64_t row_stride_bytes, int n_rows,
                  std::int64_t k, void* buffer, CodeGroup* out) {
  const FormatTraits& traits = format_traits(format);
  const FormatInfo& info = *traits.info;
  MINNOW_DCHECK(info.sub != 0 && info.mins != Mins::kBlock);
  MINNOW_DCHECK(n_rows >= 1 && n_rows <= kGroupRows && k % info.elements == 0);
  const Parts parts = split_buffer(info, k, buffer);
  if (n_rows < kGroupRows) std::memset(buffer, 0, code_group_bytes(format, k));
  RuleBlock block;
  for (int row = 0; row < n_rows; ++row) {
    const char* bytes = static_cast<const char*>(rows) + row * row_stride_bytes;
    for (std::int64_t start = 0; start < k; start += info.elements, bytes += info.block_bytes) {
      traits.decode_rule(bytes, &block);
      scatter_block(info, block, row, start, parts);
    }
  }
  *out = {format, parts.codes, parts.scales, parts.mins, parts.dmin};
}

}  // namespace minnow
