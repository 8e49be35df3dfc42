#include "support/gguf_consistency.hpp"

#include <algorithm>
#include <vector>

#include "base/join.hpp"
#include "base/quoted.hpp"

namespace minnow::testing_support {

namespace {

bool is_inside(std::string_view view, const MappedFile& file) {
  if (view.empty()) return true;
  const char* begin = reinterpret_cast<const char*>(file.bytes().data());
  return view.data() >= begin && view.data() + view.size() <= begin + file.n_bytes();
}

// Asks each accessor; those of another type must refuse, those of the value's type must answer.
bool accessors_answer(const Gguf& gguf, const GgufEntry& entry) {
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  float number = 0;
  bool flag = false;
  std::string_view text;
  GgufIntegers integers;
  GgufFloats floats;
  std::pmr::vector<std::string_view> strings;
  const bool got_integer = gguf.get_i64(entry.key, i64).ok();
  const bool got_u32 = gguf.get_u32(entry.key, u32).ok();
  const bool got_float = gguf.get_float(entry.key, number).ok();
  const bool got_bool = gguf.get_bool(entry.key, flag).ok();
  const bool got_text = gguf.get_string(entry.key, text).ok();
  const bool got_integers = gguf.get_integers(entry.key, integers).ok();
  const bool got_floats = gguf.get_floats(entry.key, floats).ok();
  const bool got_strings = gguf.get_strings(entry.key, strings).ok();
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < integers.size(); ++i) sum ^= integers[i];
  for (std::size_t i = 0; i < floats.size(); ++i) sum += floats[i] > 0 ? 1 : 0;
  for (const std::string_view s : strings) sum += s.empty() ? 0 : s.front() + s.back();

  const GgufType type = entry.value.type;
  const GgufType element = entry.value.element_type;
  const std::uint64_t n = entry.value.n_elements;
  if (type == GgufType::kArray) {
    if (got_integer || got_u32 || got_float || got_bool || got_text) return false;
    if (got_integers != gguf_type_is_integer(element)) return false;
    if (got_strings != (element == GgufType::kString)) return false;
    if (got_floats != (element == GgufType::kFloat32 || element == GgufType::kFloat64))
      return false;
    return (!got_integers || integers.size() == n) && (!got_floats || floats.size() == n) &&
           (!got_strings || strings.size() == n) && sum != INT64_MIN + 1;
  }
  if (got_integers || got_floats || got_strings) return false;
  if (got_u32 && (!got_integer || i64 != static_cast<std::int64_t>(u32))) return false;
  if (gguf_type_is_integer(type) && type != GgufType::kUint64 && !got_integer) return false;
  return got_float == (type == GgufType::kFloat32 || type == GgufType::kFloat64) &&
         got_bool == (type == GgufType::kBool) && got_text == (type == GgufType::kString);
}

}  // namespace

std::string inconsistency_of(const Gguf& gguf, const MappedFile& file) {
  for (const GgufEntry& entry : gguf.entries()) {
    if (!is_inside(entry.key, file) || !is_inside(entry.value.payload, file))
      return join("a view of key ", in_quotes(entry.key), " is outside the file");
    const GgufValue* found = gguf.find(entry.key);
    if (found != &entry.value) return join("key ", in_quotes(entry.key), " finds another one");
    if (!accessors_answer(gguf, entry)) return join("key ", in_quotes(entry.key), " misanswers");
  }
  std::vector<const GgufTensor*> placed;
  for (const GgufTensor& tensor : gguf.tensors()) {
    const std::string name = in_quotes(tensor.name);
    if (!is_inside(tensor.name, file)) return join("tensor name ", name, " is outside the file");
    if (gguf.find_tensor(tensor.name) != &tensor) return join("tensor ", name, " is another");
    if (gguf.check_tensor(tensor).ok() != (tensor.n_bytes != 0)) return join(name, " misanswers");
    for (const std::uint64_t dim : tensor.dims)
      if (dim == 0) return join("tensor ", name, " has a zero dimension");
    if (tensor.offset > file.n_bytes() || tensor.n_bytes > file.n_bytes() - tensor.offset)
      return join("tensor ", name, " is outside the file");
    if (tensor.n_bytes != 0) placed.push_back(&tensor);
  }
  std::sort(placed.begin(), placed.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < placed.size(); ++i)
    if (placed[i - 1]->offset + placed[i - 1]->n_bytes > placed[i]->offset)
      return join("tensor ", in_quotes(placed[i]->name), " overlaps");
  return {};
}

}  // namespace minnow::testing_support
