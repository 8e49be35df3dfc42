// Model: an open model file, ready to compute. Immutable after open(), so any number of sessions on
// any threads share one.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/arena.hpp"
#include "base/mapped_file.hpp"
#include "base/sha256.hpp"
#include "base/status.hpp"
#include "io/gguf.hpp"
#include "model/model_config.hpp"
#include "model/model_weights.hpp"
#include "model/weight_bindings.hpp"
#include "runtime/options.hpp"
#include "runtime/runtime.hpp"

namespace minnow {

class Tokenizer;
struct WeightCacheKey;

class Model {
 public:
  // Reads, checks and packs the file. options.runtime may be empty: the model then makes its own.
  // A model for counting takes all memory and reads no weights: for estimates, not to compute with.
  enum class Purpose { kComputing, kCounting };
  static Status open(MappedFile file, const Options& options, std::shared_ptr<Model>& out,
                     Purpose purpose = Purpose::kComputing);

  // Use open(). Public only for std::make_shared.
  Model(std::shared_ptr<Runtime> runtime, MappedFile file);
  ~Model();

  Runtime& runtime() const { return *runtime_; }
  const Gguf& gguf() const { return gguf_; }
  const ModelConfig& config() const { return config_; }
  const ModelWeights& weights() const { return weights_; }
  const BoundModel& bound() const { return bound_; }  // which tensor became which matrix
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  std::string_view chat_template() const { return chat_template_; }  // "" when the file has none

  std::size_t weights_bytes() const { return arena_.n_bytes(); }
  // Of the file, what stays mapped: an untied token embedding.
  std::size_t mapped_bytes() const {
    const bool reads_rows = !bound_.tied || weights_.output.in_file;
    return cache_file_.n_bytes() +
           (reads_rows ? static_cast<std::size_t>(bound_.token_embedding->n_bytes) : 0);
  }
  // Whether the weights are in a file of the cache folder, from which the next opening maps them.
  bool is_cached() const { return is_cached_; }
  // Which model this is, by content (runtime/fingerprint.hpp). Computed when first asked for.
  Status fingerprint(Sha256Digest& out) const;
  std::string_view name() const;  // "general.name", or "" when the file has none
  std::int64_t n_parameters() const { return n_parameters_; }
  // Bytes of weights that decoding one token reads.
  std::int64_t bytes_per_token() const { return bytes_per_token_; }
  // Multiply-adds with weights of one token: with (decode) or without (prefill) the output head.
  std::int64_t macs_per_token(bool with_head) const;

 private:
  Status load(const Options& options, Purpose purpose);
  Status read_tokenizer();
  Status fill_weights(const Options& options, Purpose purpose);
  Status make_cache_key(WeightCacheKey& out) const;
  void write_cache(const std::string& path, const WeightCacheKey& key);

  const std::shared_ptr<Runtime> runtime_;
  MappedFile file_;
  Gguf gguf_;
  ModelConfig config_;
  ModelWeights weights_;
  BoundModel bound_;
  Arena arena_;
  MappedFile cache_file_;  // of packed weights, in place of the arena
  bool is_cached_ = false;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::string_view chat_template_;  // in the mapped file
  std::int64_t n_parameters_ = 0;
  std::int64_t bytes_per_token_ = 0;
  mutable std::mutex fingerprint_mutex_;
  mutable std::optional<Sha256Digest> fingerprint_;
};

}  // namespace minnow
