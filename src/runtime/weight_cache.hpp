// WeightCache: a model's packed weights in a file of their own, mapped the next time: nothing is
// packed then, the pages are clean, and processes share them.
//
// The file is the arena of packed weights behind a header, with a checksum for each megabyte. What
// it was made from is in the header and in its name; a file that is stale, damaged or of another
// version is never used, only replaced. All numbers are little-endian.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/mapped_file.hpp"
#include "base/sha256.hpp"
#include "base/status.hpp"
#include "base/thread_pool.hpp"

namespace minnow {

// What a cache file must have been made from.
struct WeightCacheKey {
  Sha256Digest model{};   // fingerprint_file()
  Sha256Digest layout{};  // describe_layout() of weight_loader.hpp
  std::uint64_t model_bytes = 0;
  std::int64_t model_time = 0;  // of the model file's last change, nanoseconds; 0: unknown
  std::uint64_t n_bytes = 0;    // of the weights
};

// "<folder>/<16 hexadecimal digits>.minnow-weights": the name tells model and layout.
std::string weight_cache_path(std::string_view folder, const WeightCacheKey& key);

// Maps the file and checks all of it, with all threads; the caller's calls meanwhile() first, once
// in any case. kNotFound: there is none. kMismatch: made from something else or by another version.
// kBadFile: damaged or cut short.
Status open_weight_cache(std::string_view path, const WeightCacheKey& key, ThreadPool& pool,
                         const std::function<void()>& meanwhile, MappedFile& file,
                         std::span<const std::byte>& weights);

// Replaces the file in one step. Takes the time of writing n_bytes.
Status write_weight_cache(std::string_view path, const WeightCacheKey& key, ThreadPool& pool,
                          std::span<const std::byte> weights);

}  // namespace minnow
