#include "runtime/model.hpp"

#include <utility>

#include "model/weight_loader.hpp"
#include "runtime/fingerprint.hpp"
#include "runtime/read_vocabulary.hpp"
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

}  // namespace

Status Model::open(MappedFile file, const Options& options, std::shared_ptr<Model>& out,
                   Purpose purpose) {
  std::shared_ptr<Runtime> runtime = options.runtime;
  if (!runtime) MINNOW_TRY(Runtime::create(options, runtime));
  auto model = std::make_shared<Model>(std::move(runtime), std::move(file));
  MINNOW_TRY(model->load(options, purpose));
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
  MINNOW_TRY(build_tokenizer(gguf_, config_.n_vocab, &runtime_->memory(), tokenizer_));
  if (!gguf_.get_string("tokenizer.chat_template", chat_template_).ok()) chat_template_ = {};
  n_parameters_ = count_parameters(gguf_);
  if (purpose == Purpose::kCounting)
    return reserve_weights(bound_, runtime_->pool(), runtime_->memory(), weights_, arena_);
  ProgressAdapter adapter{options.progress};
  MINNOW_TRY(load_weights(file_, bound_, runtime_->table(), runtime_->pool(), runtime_->memory(),
                          {&ProgressAdapter::call, &adapter}, weights_, arena_));
  return {};
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

std::int64_t Model::bytes_per_token() const {
  std::int64_t n_bytes = 0;
  for (const BoundTensor& tensor : bound_.tensors)
    n_bytes += tensor.n_slices_read * tensor.n_rows * row_bytes(tensor.format, tensor.k);
  return n_bytes;
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
