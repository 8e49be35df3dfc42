#include "model/weight_loader.hpp"

#include <algorithm>

#include "format/format_traits.hpp"

namespace minnow {

namespace {

// One thread's read buffer: large enough to make reads cheap, small enough to stay in its cache.
constexpr std::int64_t kBufferBytes = 256 << 10;

// In the arena.
std::int64_t target_bytes(const BoundTensor& bound) {
  if (bound.in_file) return 0;
  if (bound.is_split) return split_layout(bound.format, bound.n_rows, bound.k).n_bytes;
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
    if (!tensor.in_file)
      most = std::max(most, std::min(rows_per_read(tensor), tensor.n_rows) *
                                row_bytes(tensor.format, tensor.k));
  return (most + 63) / 64 * 64;
}

// A failure of some threads, without its message: jobs allocate nothing. The caller does the item
// again and gets the message itself.
class FailedItem {
 public:
  void report(std::int64_t item) noexcept {
    item_.store(item);
    failed_.store(true);
  }
  const std::atomic<bool>& failed() const { return failed_; }
  std::int64_t item() const { return item_.load(); }

 private:
  std::atomic<std::int64_t> item_{0};
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
    const auto rows_of = [&](std::int64_t item) {
      const std::int64_t first = item % items_per_slice * step;
      return RowRange{item / items_per_slice, first, std::min(step, bound.n_rows - first)};
    };
    FailedItem failure;
    pool_.for_each(items_per_slice * bound.n_slices, &failure.failed(),
                   [&](int worker, std::int64_t item) {
                     if (!load_rows(bound, rows_of(item), worker, target)) failure.report(item);
                   });
    if (!failure.failed().load()) return {};
    const RowRange rows = rows_of(failure.item());
    MINNOW_TRY(file_.read(offset_of(bound, rows), {buffers_, bytes_of(bound, rows)}));
    return error(StatusCode::kIo, "'", file_.name(), "': a read failed and then worked; try again");
  }

 private:
  struct RowRange {
    std::int64_t slice;
    std::int64_t first;
    std::int64_t n;
  };

  static std::uint64_t offset_of(const BoundTensor& bound, const RowRange& rows) {
    return bound.offset + static_cast<std::uint64_t>((rows.slice * bound.n_rows + rows.first) *
                                                     row_bytes(bound.format, bound.k));
  }
  static std::size_t bytes_of(const BoundTensor& bound, const RowRange& rows) {
    return static_cast<std::size_t>(rows.n * row_bytes(bound.format, bound.k));
  }

  bool load_rows(const BoundTensor& bound, const RowRange& rows, int worker,
                 std::byte* target) noexcept {
    const std::int64_t bytes_per_row = row_bytes(bound.format, bound.k);
    const std::uint64_t offset = offset_of(bound, rows);
    const std::size_t n_bytes = bytes_of(bound, rows);
    target += rows.slice * stored_bytes(bound.format, bound.n_rows, bound.k);
    if (format_info(bound.format).packing == Packing::kRows)
      return file_.try_read(offset, {target + rows.first * bytes_per_row, n_bytes});
    std::byte* const buffer = buffers_ + worker * buffer_stride_;
    if (!file_.try_read(offset, {buffer, n_bytes})) return false;
    if (bound.is_split) {
      const SplitMatrix matrix = {bound.format, bound.n_rows, bound.k, nullptr};
      table_.split_rows(matrix, rows.first, buffer, rows.n,
                        reinterpret_cast<std::uint8_t*>(target));
      return true;
    }
    for (std::int64_t row = 0; row < rows.n; row += kGroupRows) {
      const auto n_rows = static_cast<int>(std::min<std::int64_t>(kGroupRows, rows.n - row));
      table_.pack(bound.format, buffer + row * bytes_per_row, bytes_per_row, n_rows, bound.k,
                  target + (rows.first + row) * bytes_per_row);
    }
    return true;
  }

  const MappedFile& file_;
  const KernelTable& table_;
  ThreadPool& pool_;
  std::byte* buffers_;
  const std::int64_t buffer_stride_;
};

// `stored`: where the tensor was packed to; `file`: the model file's bytes.
void point_at(const BoundTensor& bound, const std::byte* stored, const std::byte* file) {
  if (bound.vector != nullptr) {
    *bound.vector = {reinterpret_cast<const float*>(stored),
                     bound.n_slices * bound.n_rows * bound.k};
    return;
  }
  bound.matrix->format = bound.format;
  bound.matrix->n_rows = bound.n_rows;
  bound.matrix->k = bound.k;
  bound.matrix->is_split = bound.is_split;
  bound.matrix->in_file = bound.in_file;
  bound.matrix->data = bound.in_file ? file + bound.offset : stored;
}

// Where the weights go and what reading them needs, one buffer a thread.
Status take_arenas(const BoundModel& bound, const ThreadPool& pool, HostMemory& memory,
                   Arena& weights, Arena& buffers) {
  ArenaPlan plan;
  MINNOW_TRY(plan_weights(bound, plan));
  MINNOW_TRY(Arena::create(plan, memory, "the model's weights", weights));
  ArenaPlan buffer_plan;
  buffer_plan.reserve_elements(static_cast<std::size_t>(pool.n_threads()),
                               static_cast<std::size_t>(buffer_bytes(bound)));
  return Arena::create(buffer_plan, memory, "read buffers", buffers);
}

void set_embedding(const std::byte* file, const BoundModel& bound, ModelWeights& weights) {
  EmbeddingTable& tokens = weights.tokens;
  tokens.format = bound.token_embedding_format;
  tokens.n_rows = static_cast<std::int64_t>(bound.token_embedding->dims[1]);
  tokens.k = static_cast<std::int64_t>(bound.token_embedding->dims[0]);
  if (bound.tied && !weights.output.in_file)
    tokens.packed = weights.output;
  else
    tokens.file_rows = file + bound.token_embedding->offset;
  if (weights.encoder) weights.encoder->tokens = tokens;
}

}  // namespace

Status plan_weights(const BoundModel& bound, ArenaPlan& plan) {
  for (const BoundTensor& tensor : bound.tensors)
    plan.reserve(static_cast<std::size_t>(target_bytes(tensor)));
  return plan.check();
}

void leave_matrices_in_file(BoundModel& bound) {
  for (BoundTensor& tensor : bound.tensors) {
    tensor.in_file = tensor.matrix != nullptr && !tensor.is_one_of_several;
    tensor.is_split = false;
  }
}

void describe_layout(const BoundModel& bound, Sha256& hash) {
  for (const BoundTensor& tensor : bound.tensors) {
    const std::int64_t numbers[] = {static_cast<std::int64_t>(tensor.format),
                                    static_cast<std::int64_t>(tensor.offset),
                                    tensor.n_rows,
                                    tensor.k,
                                    tensor.n_slices,
                                    target_bytes(tensor)};
    hash.update(numbers, sizeof numbers);
  }
}

void place_weights(const MappedFile& file, const BoundModel& bound, const std::byte* stored,
                   ModelWeights& weights) {
  ArenaPlan offsets;  // the same calls as the plan's give the same offsets
  for (const BoundTensor& tensor : bound.tensors) {
    const std::size_t offset = offsets.reserve(static_cast<std::size_t>(target_bytes(tensor)));
    point_at(tensor, stored + offset, file.bytes().data());
  }
  set_embedding(file.bytes().data(), bound, weights);
}

Status reserve_weights(const MappedFile& file, const BoundModel& bound, const ThreadPool& pool,
                       HostMemory& memory, ModelWeights& weights, Arena& arena) {
  Arena buffers;
  MINNOW_TRY(take_arenas(bound, pool, memory, arena, buffers));
  place_weights(file, bound, arena.data(), weights);
  return {};
}

Status load_weights(const MappedFile& file, const BoundModel& bound, const KernelTable& table,
                    ThreadPool& pool, HostMemory& memory, const LoadProgress& progress,
                    ModelWeights& weights, Arena& arena) {
  Arena buffers;
  MINNOW_TRY(take_arenas(bound, pool, memory, arena, buffers));
  Loader loader(file, table, pool, buffers.data(), buffer_bytes(bound));
  ArenaPlan plan;
  MINNOW_TRY(plan_weights(bound, plan));
  const std::size_t n_total = plan.n_bytes();
  ArenaPlan offsets;
  std::uint64_t done = 0;
  for (const BoundTensor& tensor : bound.tensors) {
    const auto n_bytes = static_cast<std::size_t>(target_bytes(tensor));
    std::byte* const target = arena.at(offsets.reserve(n_bytes));
    if (tensor.in_file) continue;
    MINNOW_TRY(tensor.vector != nullptr
                   ? loader.load_vector(tensor, reinterpret_cast<float*>(target))
                   : loader.load_matrix(tensor, target));
    done += n_bytes;
    if (progress.callback != nullptr && !progress.callback(progress.user, done, n_total))
      return error(StatusCode::kCancelled, "loading '", file.name(), "' was cancelled");
  }
  place_weights(file, bound, arena.data(), weights);
  return {};
}

}  // namespace minnow
