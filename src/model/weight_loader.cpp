#include "model/weight_loader.hpp"

#include <algorithm>
#include <mutex>

#include "format/format_traits.hpp"

namespace minnow {

namespace {

// One thread's read buffer: large enough to make reads cheap, small enough to stay in its cache.
constexpr std::int64_t kBufferBytes = 256 << 10;

std::int64_t target_bytes(const BoundTensor& bound) {
  return bound.vector != nullptr
             ? bound.n_slices * bound.n_rows * bound.k * static_cast<std::int64_t>(sizeof(float))
             : bound.n_slices * stored_bytes(bound.format, bound.n_rows, bound.k);
}

std::int64_t rows_per_read(const BoundTensor& bound) {
  const std::int64_t rows = kBufferBytes / row_bytes(bound.format, bound.k);
  return std::max<std::int64_t>(kGroupRows, rows / kGroupRows * kGroupRows);
}

std::int64_t buffer_bytes(const BoundModel& bound) {
  std::int64_t most = 0;
  for (const BoundTensor& tensor : bound.tensors)
    most = std::max(
        most, std::min(rows_per_read(tensor), tensor.n_rows) * row_bytes(tensor.format, tensor.k));
  return (most + 63) / 64 * 64;
}

// The first failure of some threads.
class FirstFailure {
 public:
  void report(Status status) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status_.ok()) status_ = std::move(status);
    failed_.store(true);
  }
  const std::atomic<bool>& failed() const { return failed_; }
  Status take() { return std::move(status_); }

 private:
  std::mutex mutex_;
  Status status_;
  std::atomic<bool> failed_{false};
};

class Loader {
 public:
  Loader(const MappedFile& file, const KernelTable& table, ThreadPool& pool, std::byte* buffers,
         std::int64_t buffer_stride)
      : file_(file), table_(table), pool_(pool), buffers_(buffers), buffer_stride_(buffer_stride) {}

  Status load_vector(const BoundTensor& bound, float* target) {
    const auto n_bytes = static_cast<std::size_t>(row_bytes(bound.format, bound.k));
    std::uint64_t offset = bound.offset;
    for (std::int64_t row = 0; row < bound.n_slices * bound.n_rows; ++row, offset += n_bytes) {
      MINNOW_TRY(file_.read(offset, {buffers_, n_bytes}));
      decode_row(bound.format, buffers_, bound.k, target + row * bound.k);
    }
    return {};
  }

  Status load_matrix(const BoundTensor& bound, std::byte* target) {
    const std::int64_t step = rows_per_read(bound);
    const std::int64_t items_per_slice = (bound.n_rows + step - 1) / step;
    FirstFailure failure;
    pool_.for_each(
        items_per_slice * bound.n_slices, &failure.failed(), [&](int worker, std::int64_t item) {
          const RowRange rows{item / items_per_slice, item % items_per_slice * step, step};
          Status status = load_rows(bound, rows, worker, target);
          if (!status.ok()) failure.report(std::move(status));
        });
    return failure.take();
  }

 private:
  struct RowRange {
    std::int64_t slice;
    std::int64_t first;
    std::int64_t most;
  };

  Status load_rows(const BoundTensor& bound, const RowRange& rows, int worker,
                   std::byte* target) noexcept {
    const std::int64_t first = rows.first;
    const std::int64_t n = std::min(rows.most, bound.n_rows - first);
    const std::int64_t bytes_per_row = row_bytes(bound.format, bound.k);
    const std::uint64_t offset =
        bound.offset +
        static_cast<std::uint64_t>((rows.slice * bound.n_rows + first) * bytes_per_row);
    target += rows.slice * stored_bytes(bound.format, bound.n_rows, bound.k);
    const auto n_bytes = static_cast<std::size_t>(n * bytes_per_row);
    if (format_info(bound.format).packing == Packing::kRows)
      return file_.read(offset, {target + first * bytes_per_row, n_bytes});
    std::byte* const buffer = buffers_ + worker * buffer_stride_;
    MINNOW_TRY(file_.read(offset, {buffer, n_bytes}));
    for (std::int64_t row = 0; row < n; row += kGroupRows) {
      const auto n_rows = static_cast<int>(std::min<std::int64_t>(kGroupRows, n - row));
      table_.pack(bound.format, buffer + row * bytes_per_row, bytes_per_row, n_rows, bound.k,
                  target + (first + row) * bytes_per_row);
    }
    return {};
  }

  const MappedFile& file_;
  const KernelTable& table_;
  ThreadPool& pool_;
  std::byte* buffers_;
  const std::int64_t buffer_stride_;
};

void point_at(const BoundTensor& bound, std::byte* target) {
  if (bound.vector != nullptr) {
    *bound.vector = {reinterpret_cast<const float*>(target),
                     bound.n_slices * bound.n_rows * bound.k};
    return;
  }
  bound.matrix->format = bound.format;
  bound.matrix->n_rows = bound.n_rows;
  bound.matrix->k = bound.k;
  bound.matrix->data = target;
}

void set_embedding(const MappedFile& file, const BoundModel& bound, ModelWeights& weights) {
  EmbeddingTable& tokens = weights.tokens;
  tokens.format = bound.token_embedding_format;
  tokens.n_rows = weights.output.n_rows;
  tokens.k = weights.output.k;
  if (bound.tied)
    tokens.packed = weights.output;
  else
    tokens.file_rows = file.bytes().data() + bound.token_embedding->offset;
}

}  // namespace

Status plan_weights(const BoundModel& bound, ArenaPlan& plan) {
  for (const BoundTensor& tensor : bound.tensors)
    plan.reserve(static_cast<std::size_t>(target_bytes(tensor)));
  return plan.check();
}

Status load_weights(const MappedFile& file, const BoundModel& bound, const KernelTable& table,
                    ThreadPool& pool, HostMemory& memory, const LoadProgress& progress,
                    ModelWeights& weights, Arena& arena) {
  ArenaPlan plan;
  MINNOW_TRY(plan_weights(bound, plan));
  MINNOW_TRY(Arena::create(plan, memory,
                           memory.has_hooks() ? ArenaSource::kHost : ArenaSource::kMap,
                           "the model's weights", arena));
  const std::int64_t stride = buffer_bytes(bound);
  ArenaPlan buffer_plan;
  buffer_plan.reserve_elements(static_cast<std::size_t>(pool.n_threads()),
                               static_cast<std::size_t>(stride));
  Arena buffers;
  MINNOW_TRY(Arena::create(buffer_plan, memory,
                           memory.has_hooks() ? ArenaSource::kHost : ArenaSource::kMap,
                           "read buffers", buffers));
  Loader loader(file, table, pool, buffers.data(), stride);
  ArenaPlan offsets;  // the same calls as the plan's give the same offsets
  std::uint64_t done = 0;
  for (const BoundTensor& tensor : bound.tensors) {
    const auto n_bytes = static_cast<std::size_t>(target_bytes(tensor));
    std::byte* const target = arena.at(offsets.reserve(n_bytes));
    MINNOW_TRY(tensor.vector != nullptr
                   ? loader.load_vector(tensor, reinterpret_cast<float*>(target))
                   : loader.load_matrix(tensor, target));
    point_at(tensor, target);
    done += n_bytes;
    if (progress.callback != nullptr && !progress.callback(progress.user, done, plan.n_bytes()))
      return error(StatusCode::kCancelled, "loading '", file.name(), "' was cancelled");
  }
  set_embedding(file, bound, weights);
  return {};
}

}  // namespace minnow
