#include "runtime/weight_cache.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/checksum.hpp"
#include "base/quoted.hpp"

namespace minnow {

namespace {

constexpr char kMagic[8] = {'m', 'i', 'n', 'n', 'o', 'w', 'W', 'C'};
constexpr std::uint32_t kVersion = 1;         // of this file's form
constexpr std::uint32_t kPackingVersion = 1;  // of kernels/formats/README.md's layouts
constexpr std::size_t kWeightsOffset = 4096;  // a page, so that the weights are aligned
constexpr std::size_t kBlockBytes = 1 << 20;  // that a checksum covers

// The first bytes of the file. No padding: every member lies where its type wants it.
struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t packing_version;
  std::uint8_t model[32];
  std::uint8_t layout[32];
  std::uint64_t model_bytes;
  std::int64_t model_time;
  std::uint64_t n_bytes;
  std::uint64_t sums_checksum;    // of the blocks' checksums, which follow the weights
  std::uint64_t header_checksum;  // of everything above
};
static_assert(sizeof(Header) == 120);

std::size_t count_blocks(std::uint64_t n_bytes) {
  return static_cast<std::size_t>((n_bytes + kBlockBytes - 1) / kBlockBytes);
}

std::uint64_t checksum_of(const Header& header) {
  return checksum(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, header_checksum)));
}

std::span<const std::byte> block_of(std::span<const std::byte> weights, std::size_t i) {
  const std::size_t first = i * kBlockBytes;
  return weights.subspan(first, std::min(kBlockBytes, weights.size() - first));
}

Header make_header(const WeightCacheKey& key) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.packing_version = kPackingVersion;
  std::memcpy(header.model, key.model.data(), sizeof header.model);
  std::memcpy(header.layout, key.layout.data(), sizeof header.layout);
  header.model_bytes = key.model_bytes;
  header.model_time = key.model_time;
  header.n_bytes = key.n_bytes;
  return header;
}

Status check_header(std::string_view path, const Header& header, const WeightCacheKey& key) {
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    return error(StatusCode::kBadFile, path_in_quotes(path), " is not a file of packed weights");
  if (header.header_checksum != checksum_of(header))
    return error(StatusCode::kBadFile, path_in_quotes(path), ": the header is damaged");
  const Header wanted = make_header(key);
  if (std::memcmp(&header, &wanted, offsetof(Header, sums_checksum)) != 0)
    return error(StatusCode::kMismatch, path_in_quotes(path),
                 " was made from another version of the model or of minnow");
  return {};
}

// The weights and their checksums [count_blocks()]; both lie in `file`.
struct Stored {
  std::span<const std::byte> weights;
  const std::byte* sums;
};

// Everything but the weights themselves is checked.
Status map_stored(std::string_view path, const WeightCacheKey& key, MappedFile& file, Stored& out) {
  MINNOW_TRY(MappedFile::open(path, file));
  const std::span<const std::byte> bytes = file.bytes();
  Header header;
  if (bytes.size() < kWeightsOffset)
    return error(StatusCode::kBadFile, path_in_quotes(path), " is cut short");
  std::memcpy(&header, bytes.data(), sizeof header);
  MINNOW_TRY(check_header(path, header, key));
  const std::size_t sums_bytes = count_blocks(key.n_bytes) * sizeof(std::uint64_t);
  if (bytes.size() - kWeightsOffset < key.n_bytes ||
      bytes.size() - kWeightsOffset - key.n_bytes != sums_bytes)
    return error(StatusCode::kBadFile, path_in_quotes(path), " has ", bytes.size(),
                 " bytes instead of ", kWeightsOffset + key.n_bytes + sums_bytes);
  const std::span<const std::byte> weights = bytes.subspan(kWeightsOffset, key.n_bytes);
  const std::byte* const sums = weights.data() + weights.size();
  if (header.sums_checksum != checksum({sums, sums_bytes}))
    return error(StatusCode::kBadFile, path_in_quotes(path), ": its checksums are damaged");
  out = {weights, sums};
  return {};
}

}  // namespace

std::string weight_cache_path(std::string_view folder, const WeightCacheKey& key) {
  Sha256 hash;
  hash.update(key.model.data(), key.model.size());
  hash.update(key.layout.data(), key.layout.size());
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path + to_hex(hash.digest()).substr(0, 16) + ".minnow-weights";
}

Status open_weight_cache(std::string_view path, const WeightCacheKey& key, ThreadPool& pool,
                         const std::function<void()>& meanwhile, MappedFile& file,
                         std::span<const std::byte>& weights) {
  MappedFile mapped;
  Stored stored{};
  const Status found = map_stored(path, key, mapped, stored);
  if (!found.ok()) {
    meanwhile();
    return found;
  }
  mapped.will_need(kWeightsOffset, key.n_bytes);
  std::atomic<bool> damaged{false};
  pool.for_each_beside(
      static_cast<std::int64_t>(count_blocks(key.n_bytes)), &damaged,
      [&](int, std::int64_t i) {
        const auto block = static_cast<std::size_t>(i);
        std::uint64_t sum;
        std::memcpy(&sum, stored.sums + block * sizeof sum, sizeof sum);
        if (checksum(block_of(stored.weights, block)) != sum) damaged.store(true);
      },
      meanwhile);
  if (damaged.load()) return error(StatusCode::kBadFile, path_in_quotes(path), " is damaged");
  file = std::move(mapped);
  weights = stored.weights;
  return {};
}

Status write_weight_cache(std::string_view path, const WeightCacheKey& key, ThreadPool& pool,
                          std::span<const std::byte> weights) {
  std::vector<std::uint64_t> sums(count_blocks(weights.size()));
  pool.for_each(static_cast<std::int64_t>(sums.size()), nullptr, [&](int, std::int64_t i) {
    const auto block = static_cast<std::size_t>(i);
    sums[block] = checksum(block_of(weights, block));
  });
  Header header = make_header(key);
  header.sums_checksum = checksum(std::as_bytes(std::span(sums)));
  header.header_checksum = checksum_of(header);
  std::vector<std::byte> first_page(kWeightsOffset);
  std::memcpy(first_page.data(), &header, sizeof header);
  make_folder_of(path);
  AtomicFile file;
  MINNOW_TRY(file.create(path));
  MINNOW_TRY(file.write(first_page));
  MINNOW_TRY(file.write(weights));
  MINNOW_TRY(file.write(std::as_bytes(std::span(sums))));
  return file.commit();
}

}  // namespace minnow
