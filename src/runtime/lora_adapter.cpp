#include "runtime/lora_adapter.hpp"

#include "base/quoted.hpp"
#include "format/format_traits.hpp"
#include "io/format_sizes.hpp"
#include "io/problems.hpp"
#include "runtime/fingerprint.hpp"

namespace minnow {

namespace {

constexpr std::string_view kSuffixA = ".lora_a";
constexpr std::string_view kSuffixB = ".lora_b";
constexpr std::uint64_t kMostRank = 4096;

bool is_float(Format format) {
  return format == Format::kF32 || format == Format::kF16 || format == Format::kBF16;
}

// Other formats are decoded: corrections are computed in float.
Format stored_format(Format format) {
  return is_float(format) ? format : Format::kF32;
}

// A whole matrix, or some rows of one, of the adapter's file.
struct SourceMatrix {
  const GgufTensor* tensor = nullptr;
  Format format = Format::kF32;
  std::int64_t first_row = 0;
  std::int64_t n_rows = 0;

  std::int64_t k() const { return static_cast<std::int64_t>(tensor->dims[0]); }
  std::size_t stored() const {
    return static_cast<std::size_t>(stored_bytes(stored_format(format), n_rows, k()));
  }
};

std::string dims_of(const GgufTensor& tensor) {
  return join(tensor.dims[1], " x ", tensor.dims[0]);
}

Status take_matrix(const Gguf& gguf, const GgufTensor& tensor, SourceMatrix& out) {
  MINNOW_TRY(gguf.check_tensor(tensor));
  out.tensor = &tensor;
  out.format = find_format(tensor.format)->format;
  out.n_rows = static_cast<std::int64_t>(tensor.dims[1]);
  return {};
}

// Reads, decodes where needed, and packs one matrix.
Status load_matrix(const MappedFile& file, const KernelTable& table, const SourceMatrix& source,
                   std::byte* target) {
  const std::int64_t k = source.k();
  const std::int64_t file_row = row_bytes(source.format, k);
  const Format format = stored_format(source.format);
  const std::int64_t stored_row = row_bytes(format, k);
  std::vector<std::byte> read(static_cast<std::size_t>(kGroupRows * file_row));
  std::vector<std::byte> decoded(
      is_float(source.format) ? 0 : static_cast<std::size_t>(kGroupRows * stored_row));
  for (std::int64_t row = 0; row < source.n_rows; row += kGroupRows) {
    const std::int64_t n = std::min<std::int64_t>(kGroupRows, source.n_rows - row);
    const auto offset = static_cast<std::uint64_t>((source.first_row + row) * file_row);
    MINNOW_TRY(file.read(source.tensor->offset + offset,
                         {read.data(), static_cast<std::size_t>(n * file_row)}));
    const std::byte* rows = read.data();
    if (!is_float(source.format)) {
      for (std::int64_t i = 0; i < n; ++i)
        decode_row(source.format, read.data() + i * file_row, k,
                   reinterpret_cast<float*>(decoded.data() + i * stored_row));
      rows = decoded.data();
    }
    table.pack(format, rows, stored_row, static_cast<int>(n), k, target + row * stored_row);
  }
  return {};
}

WeightMatrix view_of(const SourceMatrix& source, const std::byte* data) {
  return {stored_format(source.format), source.n_rows, source.k(), data};
}

}  // namespace

// A matrix of the model and where its correction is in the file.
struct Adapter::Source {
  const BoundTensor* bound = nullptr;
  SourceMatrix a, b;
};

Adapter::Adapter(std::shared_ptr<const Model> model)
    : model_(std::move(model)), pairs_(&model_->runtime().memory()) {}

Status Adapter::open(std::shared_ptr<const Model> model, const MappedFile& file,
                     std::shared_ptr<const Adapter>& out) {
  if (model->config().has_encoder())
    return error(StatusCode::kUnsupported, "models with an encoder take no adapters");
  Runtime& runtime = model->runtime();
  auto adapter = std::make_shared<Adapter>(std::move(model));
  Gguf gguf(&runtime.memory());
  MINNOW_TRY(gguf.read(file));
  MINNOW_TRY(adapter->check_kind(gguf));
  std::pmr::vector<Source> sources(&runtime.memory());
  MINNOW_TRY(adapter->find_sources(gguf, sources));
  MINNOW_TRY(adapter->load(file, sources));
  MINNOW_TRY(fingerprint_file(file, gguf, adapter->fingerprint_));
  out = std::move(adapter);
  return {};
}

Status Adapter::check_kind(const Gguf& gguf) {
  const std::string file = path_in_quotes(gguf.file_name());
  std::string_view type, kind, architecture, name;
  if (!gguf.get_string("general.type", type).ok() || type != "adapter")
    return error(StatusCode::kBadFile, file, " is not an adapter: 'general.type' is ",
                 in_quotes(type), ", not 'adapter'");
  MINNOW_TRY(gguf.get_string("adapter.type", kind));
  if (kind != "lora")
    return error(StatusCode::kUnsupported, file, ": 'adapter.type' is ", in_quotes(kind),
                 "; minnow knows 'lora'");
  MINNOW_TRY(gguf.get_string("general.architecture", architecture));
  std::string_view expected;
  MINNOW_TRY(model_->gguf().get_string("general.architecture", expected));
  if (architecture != expected)
    return error(StatusCode::kMismatch, file, " is for the architecture ", in_quotes(architecture),
                 "; the model's is ", in_quotes(expected));
  if (gguf.find("adapter.lora.alpha") != nullptr)
    MINNOW_TRY(gguf.get_float("adapter.lora.alpha", alpha_));
  if (!(alpha_ > -1e6f && alpha_ < 1e6f))
    return error(StatusCode::kBadFile, file, ": 'adapter.lora.alpha' is ", alpha_);
  name_ = gguf.get_string("general.name", name).ok() ? name : gguf.file_name();
  return {};
}

// Every pair of the file goes to one matrix of the model, or, where the model takes a tensor apart
// (fused Q, K and V), rows of it to each; every tensor of the file has to be part of a pair.
Status Adapter::find_sources(const Gguf& gguf, std::pmr::vector<Source>& out) const {
  Problems problems;
  StatusCode code = StatusCode::kMismatch;
  for (const GgufTensor& tensor : gguf.tensors()) {
    if (tensor.name.ends_with(kSuffixB)) continue;  // seen with its other half
    if (!tensor.name.ends_with(kSuffixA)) {
      problems.add("tensor ", in_quotes(tensor.name), " is no part of a LoRA");
      continue;
    }
    const std::string_view base = tensor.name.substr(0, tensor.name.size() - kSuffixA.size());
    const GgufTensor* const other = gguf.find_tensor(std::string(base).append(kSuffixB));
    const GgufTensor* const target = model_->gguf().find_tensor(base);
    if (other == nullptr) {
      problems.add("tensor ", in_quotes(tensor.name), " has no .lora_b");
      continue;
    }
    if (target == nullptr) {
      problems.add("the model has no tensor ", in_quotes(base));
      continue;
    }
    if (tensor.n_dims > 2 || other->n_dims > 2 || tensor.dims[0] != target->dims[0] ||
        other->dims[1] != target->dims[1] || tensor.dims[1] != other->dims[0] ||
        tensor.dims[1] > kMostRank || tensor.dims[1] == 0) {
      problems.add("tensor ", in_quotes(base), ": ", dims_of(*target), " is corrected by ",
                   dims_of(*other), " times ", dims_of(tensor));
      continue;
    }
    const std::size_t n_before = out.size();
    for (const BoundTensor& bound : model_->bound().tensors) {
      if (bound.tensor != target || bound.matrix == nullptr || bound.n_slices != 1 ||
          base == "token_embd.weight")
        continue;
      Source& source = out.emplace_back();
      source.bound = &bound;
      MINNOW_TRY(take_matrix(gguf, tensor, source.a));
      MINNOW_TRY(take_matrix(gguf, *other, source.b));
      source.b.first_row = static_cast<std::int64_t>(bound.offset - target->offset) /
                           row_bytes(bound.format, bound.k);
      source.b.n_rows = bound.n_rows;
    }
    if (out.size() == n_before) {
      problems.add("tensor ", in_quotes(base), " cannot be adapted");
      code = StatusCode::kUnsupported;
    }
  }
  for (const GgufTensor& tensor : gguf.tensors()) {
    if (!tensor.name.ends_with(kSuffixB)) continue;
    const std::string_view base = tensor.name.substr(0, tensor.name.size() - kSuffixB.size());
    if (gguf.find_tensor(std::string(base).append(kSuffixA)) == nullptr)
      problems.add("tensor ", in_quotes(tensor.name), " has no .lora_a");
  }
  if (problems.none() && out.empty()) problems.add("there are no pairs of tensors in it");
  return problems.status(code, gguf.file_name());
}

Status Adapter::load(const MappedFile& file, std::span<const Source> sources) {
  Runtime& runtime = model_->runtime();
  ArenaPlan plan;
  for (const Source& source : sources) {
    plan.reserve(source.a.stored());
    plan.reserve(source.b.stored());
  }
  MINNOW_TRY(Arena::create(plan, runtime.memory(), "an adapter", arena_));
  ArenaPlan cursor;
  pairs_.reserve(sources.size());
  for (const Source& source : sources) {
    std::byte* const a = arena_.at(cursor.reserve(source.a.stored()));
    std::byte* const b = arena_.at(cursor.reserve(source.b.stored()));
    MINNOW_TRY(load_matrix(file, runtime.table(), source.a, a));
    MINNOW_TRY(load_matrix(file, runtime.table(), source.b, b));
    pairs_.push_back({source.bound->matrix->data, view_of(source.a, a), view_of(source.b, b)});
  }
  return {};
}

}  // namespace minnow
