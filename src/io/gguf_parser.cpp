#include "io/gguf_parser.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/checked.hpp"
#include "io/format_sizes.hpp"

namespace minnow {

namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::string_view kAlignmentKey = "general.alignment";

// The fewest bytes that one of these can take in a file: what a claimed count is held against.
constexpr std::uint64_t kLeastEntryBytes = 8 + 4 + 1;       // key length, type, value
constexpr std::uint64_t kLeastTensorBytes = 8 + 4 + 4 + 8;  // name length, n_dims, type, offset
constexpr std::uint64_t kLeastStringBytes = 8;
constexpr std::uint64_t kLeastArrayBytes = 4 + 8;

// What a file that is not GGUF may be, for the message.
std::string_view guess_kind(std::string_view start) {
  struct Kind {
    std::string_view start;
    std::string_view meaning;
  };
  constexpr Kind kKinds[] = {
      {"FUGG", " (a big-endian GGUF file)"},
      {"lmgg", " (a GGML file from before GGUF; convert it)"},
      {"fmgg", " (a GGML file from before GGUF; convert it)"},
      {"tjgg", " (a GGML file from before GGUF; convert it)"},
      {"algg", " (a GGML adapter from before GGUF; convert it)"},
      {"vers", " (perhaps a Git LFS pointer instead of the file itself)"},
      {"<!DO", " (a web page instead of the file)"},
      {"<htm", " (a web page instead of the file)"},
      {"PK\x03\x04", " (a zip archive; PyTorch checkpoints are such)"},
      {"\x1f\x8b", " (compressed with gzip)"},
      {"\xfd"
       "7zXZ",
       " (compressed with xz)"},
  };
  for (const Kind& kind : kKinds)
    if (start.substr(0, kind.start.size()) == kind.start) return kind.meaning;
  return "";
}

template <class Items, class Name>
void sort_by_name(const Items& items, Name name, std::pmr::vector<std::uint32_t>& order) {
  order.resize(items.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int difference = name(items[a]).compare(name(items[b]));
    return difference != 0 ? difference < 0 : a < b;
  });
}

}  // namespace

GgufParser::GgufParser(const MappedFile& file, std::pmr::memory_resource* memory)
    : file_(file),
      cursor_(file.bytes()),
      entries_(memory),
      tensors_(memory),
      entries_by_key_(memory),
      tensors_by_name_(memory) {}

Status GgufParser::parse(Gguf& out) {
  MINNOW_TRY(read_header());
  if (read_directory()) {
    check_keys();
    check_alignment();
    check_tensor_names();
    if (alignment_is_good_) {
      for (GgufTensor& tensor : tensors_) check_tensor(tensor);
      check_overlaps();
    }
  }
  MINNOW_TRY(problems_.status(StatusCode::kBadFile, file_.name()));
  out.file_name_ = file_.name();
  out.version_ = version_;
  out.alignment_ = alignment_;
  out.data_offset_ = data_offset_;
  out.entries_ = std::move(entries_);
  out.tensors_ = std::move(tensors_);
  out.entries_by_key_ = std::move(entries_by_key_);
  out.tensors_by_name_ = std::move(tensors_by_name_);
  return {};
}

Status GgufParser::read_header() {
  std::string_view magic;
  if (!cursor_.take_bytes(kMagic.size(), magic))
    return error(StatusCode::kBadFile, path_in_quotes(file_.name()),
                 ": not a GGUF file: it has only ", cursor_.remaining(), " bytes");
  if (magic != kMagic) {
    const std::string_view start(reinterpret_cast<const char*>(file_.bytes().data()),
                                 std::min<std::size_t>(file_.n_bytes(), 8));
    return error(magic == "FUGG" ? StatusCode::kUnsupported : StatusCode::kBadFile,
                 path_in_quotes(file_.name()), ": not a GGUF file: it starts with ",
                 in_quotes(magic), guess_kind(start));
  }
  if (!cursor_.take(version_))
    return error(StatusCode::kBadFile, path_in_quotes(file_.name()),
                 ": the file ends in its header");
  if (version_ != 0 && (version_ & 0xffffu) == 0)
    return error(StatusCode::kUnsupported, path_in_quotes(file_.name()),
                 ": the file is big-endian; only little-endian GGUF files are read");
  if (version_ != 2 && version_ != 3)
    return error(StatusCode::kUnsupported, path_in_quotes(file_.name()), ": GGUF version ",
                 version_, "; versions 2 and 3 are read",
                 version_ == 1 ? " (version 1 was replaced in 2023: convert the model again)" : "");
  if (!cursor_.take(n_tensors_) || !cursor_.take(n_entries_))
    return error(StatusCode::kBadFile, path_in_quotes(file_.name()),
                 ": the file ends in its header");
  return {};
}

bool GgufParser::ends_inside(std::string_view what, std::string_view name) {
  problems_.add("the file ends inside ", what, name.empty() ? "" : " ",
                name.empty() ? std::string() : in_quotes(name), ": it has ", file_.n_bytes(),
                " bytes (a download cut short, or a damaged length)");
  return false;
}

bool GgufParser::read_directory() {
  const std::uint64_t most_entries =
      std::min<std::uint64_t>(cursor_.remaining() / kLeastEntryBytes, kGgufMaxKeys);
  const std::uint64_t most_tensors =
      std::min<std::uint64_t>(cursor_.remaining() / kLeastTensorBytes, kGgufMaxTensors);
  if (n_entries_ > most_entries)
    problems_.add(n_entries_, " metadata keys are claimed, a file of ", file_.n_bytes(),
                  " bytes can have at most ", most_entries);
  if (n_tensors_ > most_tensors)
    problems_.add(n_tensors_, " tensors are claimed, a file of ", file_.n_bytes(),
                  " bytes can have at most ", most_tensors);
  if (!problems_.none()) return false;
  entries_.reserve(static_cast<std::size_t>(n_entries_));
  for (std::uint64_t i = 0; i < n_entries_; ++i)
    if (!read_entry()) return false;
  tensors_.reserve(static_cast<std::size_t>(n_tensors_));
  for (std::uint64_t i = 0; i < n_tensors_; ++i)
    if (!read_tensor()) return false;
  return true;
}

bool GgufParser::read_entry() {
  GgufEntry entry;
  if (!cursor_.take_string(entry.key))
    return ends_inside(join("metadata key number ", entries_.size()), "");
  std::uint32_t type = 0;
  if (!cursor_.take(type)) return ends_inside("the type of key", entry.key);
  entry.value.type = static_cast<GgufType>(type);
  if (!read_value(entry.key, entry.value)) return false;
  entries_.push_back(entry);
  return true;
}

bool GgufParser::read_value(std::string_view key, GgufValue& value) {
  if (value.type == GgufType::kArray) return read_array(key, value);
  const std::size_t n_bytes = gguf_type_bytes(value.type);
  if (value.type != GgufType::kString && n_bytes == 0) {
    problems_.add("key ", in_quotes(key), " has the unknown value type ",
                  static_cast<std::uint32_t>(value.type));
    return false;
  }
  const bool taken = value.type == GgufType::kString ? cursor_.take_string(value.payload)
                                                     : cursor_.take_bytes(n_bytes, value.payload);
  return taken || ends_inside("the value of key", key);
}

// Arrays may nest; the levels are kept in a small array of our own instead of on the call stack.
bool GgufParser::read_array(std::string_view key, GgufValue& value) {
  if (!read_array_head(key, value.element_type, value.n_elements)) return false;
  const std::size_t start = cursor_.position();
  std::uint64_t n_left[kGgufMaxArrayDepth];  // arrays still to come at each level
  int depth = 0;
  GgufType type = value.element_type;
  std::uint64_t n_elements = value.n_elements;
  while (true) {
    if (type != GgufType::kArray) {
      if (!skip_elements(key, type, n_elements)) return false;
    } else if (depth == kGgufMaxArrayDepth) {
      problems_.add("key ", in_quotes(key), " nests arrays deeper than ", kGgufMaxArrayDepth);
      return false;
    } else {
      n_left[depth++] = n_elements;
    }
    while (depth > 0 && n_left[depth - 1] == 0) depth -= 1;
    if (depth == 0) break;
    n_left[depth - 1] -= 1;
    if (!read_array_head(key, type, n_elements)) return false;
  }
  value.payload = cursor_.since(start);
  return true;
}

bool GgufParser::read_array_head(std::string_view key, GgufType& type, std::uint64_t& n_elements) {
  std::uint32_t number = 0;
  std::uint64_t n = 0;
  if (!cursor_.take(number) || !cursor_.take(n)) return ends_inside("the array of key", key);
  const auto element_type = static_cast<GgufType>(number);
  std::uint64_t least_bytes = gguf_type_bytes(element_type);
  if (element_type == GgufType::kString) least_bytes = kLeastStringBytes;
  if (element_type == GgufType::kArray) least_bytes = kLeastArrayBytes;
  if (least_bytes == 0) {
    problems_.add("key ", in_quotes(key), " has an array of the unknown type ", number);
    return false;
  }
  if (n > cursor_.remaining() / least_bytes) {
    problems_.add("key ", in_quotes(key), " claims an array of ", n, " elements, the ",
                  cursor_.remaining(), " bytes behind it hold at most ",
                  cursor_.remaining() / least_bytes);
    return false;
  }
  type = element_type;
  n_elements = n;
  return true;
}

bool GgufParser::skip_elements(std::string_view key, GgufType type, std::uint64_t n_elements) {
  std::string_view skipped;
  if (type != GgufType::kString)  // cannot wrap: read_array_head has bounded the count
    return cursor_.take_bytes(n_elements * gguf_type_bytes(type), skipped) ||
           ends_inside("the array of key", key);
  for (std::uint64_t i = 0; i < n_elements; ++i)
    if (!cursor_.take_string(skipped)) return ends_inside("the strings of key", key);
  return true;
}

bool GgufParser::read_tensor() {
  GgufTensor tensor;
  if (!cursor_.take_string(tensor.name))
    return ends_inside(join("the name of tensor number ", tensors_.size()), "");
  if (!cursor_.take(tensor.n_dims)) return ends_inside("the entry of tensor", tensor.name);
  if (tensor.n_dims > static_cast<std::uint32_t>(kGgufMaxDims)) {
    problems_.add("tensor ", in_quotes(tensor.name), " has ", tensor.n_dims,
                  " dimensions, at most ", kGgufMaxDims, " are possible");
    return false;
  }
  for (std::uint32_t i = 0; i < tensor.n_dims; ++i)
    if (!cursor_.take(tensor.dims[i])) return ends_inside("the entry of tensor", tensor.name);
  if (!cursor_.take(tensor.format) || !cursor_.take(tensor.offset))
    return ends_inside("the entry of tensor", tensor.name);
  tensors_.push_back(tensor);
  return true;
}

void GgufParser::check_keys() {
  const auto key = [](const GgufEntry& entry) { return entry.key; };
  sort_by_name(entries_, key, entries_by_key_);
  for (std::size_t i = 0; i < entries_by_key_.size(); ++i) {
    const std::string_view name = entries_[entries_by_key_[i]].key;
    if (name.empty()) problems_.add("a metadata key is empty");
    if (!is_utf8(name)) problems_.add("the metadata key ", in_quotes(name), " is not UTF-8");
    if (i > 0 && entries_[entries_by_key_[i - 1]].key == name)
      problems_.add("the metadata key ", in_quotes(name), " occurs twice");
  }
}

void GgufParser::check_alignment() {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [](const GgufEntry& entry) { return entry.key == kAlignmentKey; });
  alignment_is_good_ = true;
  if (at != entries_.end()) {
    const GgufValue& value = at->value;
    std::int64_t number = 0;
    if (gguf_type_is_integer(value.type))
      number = GgufIntegers(value.type, value.payload.data(), 1)[0];
    alignment_is_good_ = number > 0 && is_power_of_two(static_cast<std::uint64_t>(number)) &&
                         number <= std::numeric_limits<std::uint32_t>::max();
    if (alignment_is_good_) alignment_ = static_cast<std::uint64_t>(number);
    if (!alignment_is_good_ && gguf_type_is_integer(value.type))
      problems_.add(kAlignmentKey, " is ", number, ", a power of two is expected");
    if (!alignment_is_good_ && !gguf_type_is_integer(value.type))
      problems_.add(kAlignmentKey, " is of type ", gguf_type_name(value.type),
                    ", an integer is expected");
  }
  // Positions are far below 2^63 and alignments below 2^32: this cannot wrap, but is checked all
  // the same.
  const std::uint64_t end = cursor_.position();
  if (alignment_is_good_ && !checked_round_up(end, alignment_, data_offset_)) {
    alignment_is_good_ = false;
    problems_.add(kAlignmentKey, " is ", alignment_, ", which no file reaches");
  }
}

void GgufParser::check_tensor_names() {
  const auto name_of = [](const GgufTensor& tensor) { return tensor.name; };
  sort_by_name(tensors_, name_of, tensors_by_name_);
  for (std::size_t i = 0; i < tensors_by_name_.size(); ++i) {
    const std::string_view name = tensors_[tensors_by_name_[i]].name;
    if (!is_utf8(name)) problems_.add("the tensor name ", in_quotes(name), " is not UTF-8");
    if (i > 0 && tensors_[tensors_by_name_[i - 1]].name == name)
      problems_.add("the tensor ", in_quotes(name), " occurs twice");
  }
}

// Sets n_bytes when the size can be known. False when the shape is impossible.
bool GgufParser::check_tensor_size(GgufTensor& tensor) {
  std::uint64_t n_elements = 1;
  bool fits = true;
  for (int i = 0; i < kGgufMaxDims; ++i) {
    if (tensor.dims[i] == 0) {
      problems_.add("tensor ", in_quotes(tensor.name), ": dimension ", i, " is 0");
      return false;
    }
    fits = fits && checked_mul(n_elements, tensor.dims[i], n_elements);
  }
  if (!fits || n_elements > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    problems_.add("tensor ", in_quotes(tensor.name), ": ", tensor.dims[0], " x ", tensor.dims[1],
                  " x ", tensor.dims[2], " x ", tensor.dims[3],
                  " elements are more than 63 bits can count");
    return false;
  }
  const BlockSize* size = find_block_size(tensor.format);
  if (size == nullptr) return true;  // an error only for whoever needs this tensor
  if (tensor.dims[0] % size->elements != 0) {
    problems_.add("tensor ", in_quotes(tensor.name), ": rows of ", tensor.dims[0],
                  " elements are not whole blocks of ", size->name, " (", size->elements, ")");
    return false;
  }
  if (!checked_mul(n_elements / size->elements, size->bytes, tensor.n_bytes)) {
    problems_.add("tensor ", in_quotes(tensor.name), ": ", n_elements, " elements of ", size->name,
                  " are more bytes than 64 bits can count");
    return false;
  }
  return true;
}

void GgufParser::check_tensor(GgufTensor& tensor) {
  const std::uint64_t relative = tensor.offset;
  if (!check_tensor_size(tensor)) return;
  if (relative % alignment_ != 0)
    problems_.add("tensor ", in_quotes(tensor.name), ": its offset ", relative,
                  " is not a multiple of the alignment ", alignment_);
  const std::uint64_t file_bytes = file_.n_bytes();
  if (checked_add(data_offset_, relative, tensor.offset) &&
      range_fits(tensor.offset, tensor.n_bytes, file_bytes))
    return;
  problems_.add("tensor ", in_quotes(tensor.name), ": ", tensor.n_bytes, " bytes at offset ",
                relative, " of the data (which starts at byte ", data_offset_,
                ") are not inside the file of ", file_bytes, " bytes");
  tensor.n_bytes = 0;  // not to be reported as overlapping as well
}

void GgufParser::check_overlaps() {
  Order order(tensors_by_name_.get_allocator());
  order.reserve(tensors_.size());
  for (std::uint32_t i = 0; i < tensors_.size(); ++i)
    if (tensors_[i].n_bytes != 0) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return tensors_[a].offset != tensors_[b].offset ? tensors_[a].offset < tensors_[b].offset
                                                    : a < b;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const GgufTensor& before = tensors_[order[i - 1]];
    const GgufTensor& after = tensors_[order[i]];
    if (after.offset - before.offset < before.n_bytes)
      problems_.add("the tensors ", in_quotes(before.name), " and ", in_quotes(after.name),
                    " overlap");
  }
}

}  // namespace minnow
