#include "runtime/memory_estimate.hpp"

#include "runtime/chat.hpp"

namespace minnow {

Status estimate_memory(std::string_view path, const Options& options, Runtime& runtime,
                       MemoryEstimate& out) {
  Options counting = options;
  counting.runtime.reset();
  counting.allocator = {};
  counting.executor = {};
  counting.log = {};
  counting.progress = {};
  counting.memory_budget = 0;
  counting.isa = runtime.table().name;
  counting.threads = runtime.pool().n_threads();
  MappedFile file;
  MINNOW_TRY(MappedFile::open(path, file));
  std::shared_ptr<Model> model;
  MINNOW_TRY(Model::open(std::move(file), counting, model, Model::Purpose::kCounting));
  const HostMemory& memory = model->runtime().memory();
  MemoryEstimate estimate;
  estimate.weights_bytes = model->weights_bytes();
  estimate.mapped_bytes = model->mapped_bytes();
  estimate.model_bytes = memory.in_use_bytes();
  std::unique_ptr<Chat> chat;
  MINNOW_TRY(Chat::create(model, counting, chat));
  estimate.session_bytes = memory.in_use_bytes() - estimate.model_bytes;
  estimate.kv_bytes = chat->session().size().kv_bytes;
  estimate.peak_bytes = memory.peak_bytes();
  estimate.n_ctx = chat->session().n_ctx();
  out = estimate;
  return {};
}

}  // namespace minnow
