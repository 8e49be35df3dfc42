// Adapter: a LoRA file (GGUF as llama.cpp's convert_lora_to_gguf writes it) opened for one model.
// Immutable; any number of sessions may attach it. Takes its own two small matrices of each weight
// that it corrects, and nothing of the model's.
#pragma once

#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/mapped_file.hpp"
#include "base/sha256.hpp"
#include "base/status.hpp"
#include "ops/adapter.hpp"
#include "runtime/model.hpp"

namespace minnow {

class Adapter {
 public:
  // kBadFile: not an adapter, or damaged. kMismatch: of another architecture, or a shape or name
  // that the model does not have; one message names all. kUnsupported: what minnow cannot adapt
  // (embeddings, experts, models with an encoder).
  static Status open(std::shared_ptr<const Model> model, const MappedFile& file,
                     std::shared_ptr<const Adapter>& out);

  // Use open(). Public only for std::make_shared.
  explicit Adapter(std::shared_ptr<const Model> model);

  const Model& model() const { return *model_; }
  const std::string& name() const { return name_; }
  const Sha256Digest& fingerprint() const { return fingerprint_; }
  std::size_t n_bytes() const { return arena_.n_bytes(); }
  std::span<const AdapterPair> pairs() const { return pairs_; }
  // What the session's scale becomes for a pair: times alpha / rank, where the file has an alpha.
  float scale_of(const AdapterPair& pair, float scale) const {
    return alpha_ == 0.0f ? scale : scale * alpha_ / static_cast<float>(pair.a.n_rows);
  }

 private:
  struct Source;

  Status check_kind(const Gguf& gguf);
  Status find_sources(const Gguf& gguf, std::pmr::vector<Source>& out) const;
  Status load(const MappedFile& file, std::span<const Source> sources);

  const std::shared_ptr<const Model> model_;
  std::string name_;
  float alpha_ = 0;
  Sha256Digest fingerprint_{};
  Arena arena_;
  std::pmr::vector<AdapterPair> pairs_;
};

}  // namespace minnow
