#include "runtime/model.hpp"

#include <utility>

#include "base/join.hpp"
#include "base/quoted.hpp"
#include "model/weight_loader.hpp"
#include "runtime/fingerprint.hpp"
#include "runtime/read_vocabulary.hpp"
#include "runtime/weight_cache.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

namespace {

struct ProgressAdapter {
  ProgressHook hook;
  static bool call(void* user, std::uint64_t done, std::uint64_t total) {
    const auto& hook = static_cast<ProgressAdapter*>(user)->hook;
    return hook.callback == nullptr || hook.callback(hook.user, done, total);
  }
};

std::int64_t count_parameters(const Gguf& gguf) {
  std::int64_t n = 0;
  for (const GgufTensor& tensor : gguf.tensors())
    n += static_cast<std::int64_t>(tensor.dims[0] * tensor.dims[1] * tensor.dims[2] *
                                   tensor.dims[3]);
  return n;
}

std::int64_t count_bytes_per_token(const BoundModel& bound) {
  std::int64_t n_bytes = 0;
  for (const BoundTensor& tensor : bound.tensors)
    n_bytes += tensor.n_slices_read * tensor.n_rows * row_bytes(tensor.format, tensor.k);
  return n_bytes;
}

}  // namespace

Status Model::open(MappedFile file, const Options& options, std::shared_ptr<Model>& out,
                   Purpose purpose) {
  std::shared_ptr<Runtime> runtime = options.runtime;
  if (!runtime) MINNOW_TRY(Runtime::create(options, runtime));
  auto model = std::make_shared<Model>(std::move(runtime), std::move(file));
  MINNOW_TRY(model->load(options, purpose));
  // Of a vocabulary these are megabytes, and all that is asked for later is small.
  model->file_.drop(0, model->gguf_.data_offset());
  out = std::move(model);
  return {};
}

Model::Model(std::shared_ptr<Runtime> runtime, MappedFile file)
    : runtime_(std::move(runtime)),
      file_(std::move(file)),
      gguf_(&runtime_->memory()),
      weights_(&runtime_->memory()),
      bound_(&runtime_->memory()) {}

Model::~Model() = default;

Status Model::load(const Options& options, Purpose purpose) {
  MINNOW_TRY(gguf_.read(file_));
  MINNOW_TRY(read_model_config(gguf_, config_));
  MINNOW_TRY(bind_weights(gguf_, config_, weights_, bound_));
  if (options.head_screening == "on" ||
      (options.head_screening == "auto" && runtime_->table().gains_by_screening))
    split_head(weights_, bound_);
  if (!gguf_.get_string("tokenizer.chat_template", chat_template_).ok()) chat_template_ = {};
  n_parameters_ = count_parameters(gguf_);
  bytes_per_token_ = count_bytes_per_token(bound_);
  if (options.weights == "in_place") leave_matrices_in_file(bound_);
  // Memory of the caller's has no time at which it was changed, so it is not cached.
  if (options.cache_dir.empty() || file_.change_time() == 0) {
    MINNOW_TRY(read_tokenizer());
    return fill_weights(options, purpose);
  }
  WeightCacheKey key;
  MINNOW_TRY(make_cache_key(key));
  const std::string path = weight_cache_path(options.cache_dir, key);
  std::span<const std::byte> stored;
  Status read;
  const Status found = open_weight_cache(
      path, key, runtime_->pool(), [&] { read = read_tokenizer(); }, cache_file_, stored);
  MINNOW_TRY(std::move(read));
  if (found.ok()) {
    place_weights(file_, bound_, stored.data(), weights_);
    is_cached_ = true;
    return {};
  }
  if (found.code() != StatusCode::kNotFound)
    runtime_->log(Runtime::Level::kInformation, join(found.message(), "; it is made again"));
  MINNOW_TRY(fill_weights(options, purpose));
  if (purpose == Purpose::kComputing) write_cache(path, key);
  return {};
}

Status Model::read_tokenizer() {
  return build_tokenizer(gguf_, config_.n_vocab, &runtime_->memory(), tokenizer_);
}

Status Model::fill_weights(const Options& options, Purpose purpose) {
  if (purpose == Purpose::kCounting)
    return reserve_weights(file_, bound_, runtime_->pool(), runtime_->memory(), weights_, arena_);
  ProgressAdapter adapter{options.progress};
  return load_weights(file_, bound_, runtime_->table(), runtime_->pool(), runtime_->memory(),
                      {&ProgressAdapter::call, &adapter}, weights_, arena_);
}

Status Model::make_cache_key(WeightCacheKey& out) const {
  WeightCacheKey key;
  MINNOW_TRY(fingerprint(key.model));
  Sha256 layout;
  describe_layout(bound_, layout);
  key.layout = layout.digest();
  key.model_bytes = file_.n_bytes();
  key.model_time = file_.change_time();
  ArenaPlan plan;
  MINNOW_TRY(plan_weights(bound_, plan));
  key.n_bytes = plan.n_bytes();
  out = key;
  return {};
}

// A cache that cannot be written costs time at the next opening, no more: a warning.
void Model::write_cache(const std::string& path, const WeightCacheKey& key) {
  const std::span<const std::byte> stored(arena_.data(), static_cast<std::size_t>(key.n_bytes));
  const Status written = write_weight_cache(path, key, runtime_->pool(), stored);
  is_cached_ = written.ok();
  if (written.ok())
    runtime_->log(Runtime::Level::kInformation,
                  join("wrote ", path_in_quotes(path), ", ", key.n_bytes, " bytes"));
  else
    runtime_->log(Runtime::Level::kWarning, join("weights not cached: ", written.message()));
}

Status Model::fingerprint(Sha256Digest& out) const {
  const std::lock_guard<std::mutex> lock(fingerprint_mutex_);
  if (!fingerprint_) {
    Sha256Digest digest;
    MINNOW_TRY(fingerprint_file(file_, gguf_, digest));
    fingerprint_ = digest;
  }
  out = *fingerprint_;
  return {};
}

std::string_view Model::name() const {
  std::string_view name;
  return gguf_.get_string("general.name", name).ok() ? name : std::string_view();
}

std::int64_t Model::macs_per_token(bool with_head) const {
  std::int64_t n = 0;
  for (const BoundTensor& tensor : bound_.tensors) {
    if (tensor.matrix == nullptr || (!with_head && tensor.matrix == &weights_.output)) continue;
    n += tensor.n_slices_read * tensor.n_rows * tensor.k;
  }
  return n;
}

}  // namespace minnow
