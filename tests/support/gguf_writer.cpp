#include "support/gguf_writer.hpp"

namespace minnow::testing_support {

namespace {

void pad(Bytes& bytes, std::uint64_t alignment) {
  while (alignment != 0 && bytes.size() % alignment != 0) bytes.push_back(std::byte{0});
}

void append_bytes(Bytes& out, const Bytes& more) {
  out.insert(out.end(), more.begin(), more.end());
}

}  // namespace

void append_text(Bytes& out, std::string_view text) {
  append_number(out, static_cast<std::uint64_t>(text.size()));
  const auto* p = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), p, p + text.size());
}

void GgufWriter::add_string(std::string_view key, std::string_view text) {
  Bytes payload;
  append_text(payload, text);
  add_raw(key, static_cast<std::uint32_t>(GgufType::kString), payload);
}

void GgufWriter::add_strings(std::string_view key, const std::vector<std::string>& texts) {
  Bytes elements;
  for (const std::string& text : texts) append_text(elements, text);
  add_raw_array(key, static_cast<std::uint32_t>(GgufType::kString), texts.size(), elements);
}

void GgufWriter::add_raw(std::string_view key, std::uint32_t type, const Bytes& payload) {
  append_text(entries_, key);
  append_number(entries_, type);
  append_bytes(entries_, payload);
  n_entries_ += 1;
}

void GgufWriter::add_raw_array(std::string_view key, std::uint32_t element_type,
                               std::uint64_t n_elements, const Bytes& elements) {
  Bytes payload;
  append_number(payload, element_type);
  append_number(payload, n_elements);
  append_bytes(payload, elements);
  add_raw(key, static_cast<std::uint32_t>(GgufType::kArray), payload);
}

void GgufWriter::add_tensor(std::string_view name, const std::vector<std::uint64_t>& dims,
                            std::uint32_t ggml_type, const Bytes& data) {
  pad(data_, alignment);
  add_tensor_at(name, dims, ggml_type, data_.size());
  append_bytes(data_, data);
}

void GgufWriter::add_tensor_at(std::string_view name, const std::vector<std::uint64_t>& dims,
                               std::uint32_t ggml_type, std::uint64_t offset) {
  append_text(tensors_, name);
  append_number(tensors_, static_cast<std::uint32_t>(dims.size()));
  for (const std::uint64_t dim : dims) append_number(tensors_, dim);
  append_number(tensors_, ggml_type);
  append_number(tensors_, offset);
  n_tensors_ += 1;
}

Bytes GgufWriter::directory() const {
  Bytes out;
  for (const char letter : magic) out.push_back(static_cast<std::byte>(letter));
  append_number(out, version);
  append_number(out, claimed_tensors.value_or(n_tensors_));
  append_number(out, claimed_keys.value_or(n_entries_));
  append_bytes(out, entries_);
  append_bytes(out, tensors_);
  return out;
}

std::size_t GgufWriter::directory_bytes() const {
  return directory().size();
}

Bytes GgufWriter::build() const {
  Bytes out = directory();
  if (n_tensors_ == 0) return out;
  pad(out, alignment);
  append_bytes(out, data_);
  pad(out, alignment);
  return out;
}

}  // namespace minnow::testing_support
