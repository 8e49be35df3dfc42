// KeyReader: reads the "<architecture>.<name>" keys of a file and collects all that is wrong with
// them, for one message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/join.hpp"
#include "base/status.hpp"
#include "io/gguf.hpp"

namespace minnow {

class KeyReader {
 public:
  KeyReader(const Gguf& gguf, std::string_view arch) : gguf_(gguf), arch_(arch) {}

  // Required unless `fallback` lies in the range.
  void integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t fallback,
               std::int64_t& out) {
    const std::string key = join(arch_, ".", name);
    std::int64_t value = 0;
    const Status status = first_integer(key, value);
    if (status.code() == StatusCode::kNotFound) {
      if (fallback >= least) {
        out = fallback;
      } else {
        problem("'", key, "' is missing");
      }
    } else if (!status.ok()) {
      problem(status.message());
    } else if (value < least || value > most) {
      problem("'", key, "' is ", value, ", which is not in ", least, "...", most);
    } else {
      out = value;
    }
  }

  void integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t fallback,
               std::int32_t& out) {
    std::int64_t value = out;
    integer(name, least, most, fallback, value);
    out = static_cast<std::int32_t>(value);
  }

  void number(std::string_view name, float least, float most, float& out, bool required = false) {
    const std::string key = join(arch_, ".", name);
    float value = 0;
    const Status status = gguf_.get_float(key, value);
    if (status.code() == StatusCode::kNotFound) {
      if (required) problem("'", key, "' is missing");
    } else if (!status.ok()) {
      problem(status.message());
    } else if (!(value >= least && value <= most)) {
      problem("'", key, "' is ", value, ", which is not in ", least, "...", most);
    } else {
      out = value;
    }
  }

  void flag(std::string_view name, bool& out, bool required = false) {
    const std::string key = join(arch_, ".", name);
    const Status status = gguf_.get_bool(key, out);
    if (status.ok()) return;
    if (status.code() != StatusCode::kNotFound)
      problem(status.message());
    else if (required)
      problem("'", key, "' is missing");
  }

  bool has(std::string_view name) const { return value(name) != nullptr; }
  // NULL when the key is absent.
  const GgufValue* value(std::string_view name) const { return gguf_.find(join(arch_, ".", name)); }

  std::string_view text(std::string_view name) {
    std::string_view value;
    const Status status = gguf_.get_string(join(arch_, ".", name), value);
    if (!status.ok() && status.code() != StatusCode::kNotFound) problem(status.message());
    return value;
  }

  template <class... Pieces>
  void problem(const Pieces&... pieces) {
    if (!problems_.empty()) problems_ += "; ";
    problems_ += join(pieces...);
  }

  Status status() const {
    if (problems_.empty()) return {};
    return error(StatusCode::kBadFile, "'", gguf_.file_name(), "': ", problems_);
  }

 private:
  // Some files give one number for each layer; minnow runs those where all are the same.
  Status first_integer(const std::string& key, std::int64_t& out) {
    const GgufValue* value = gguf_.find(key);
    if (value == nullptr || value->type != GgufType::kArray) return gguf_.get_i64(key, out);
    GgufIntegers numbers;
    MINNOW_TRY(gguf_.get_integers(key, numbers));
    if (numbers.size() == 0) return error(StatusCode::kBadFile, "'", key, "' is an empty array");
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      if (numbers[i] != numbers[0])
        return error(StatusCode::kUnsupported, "'", key, "' differs from layer to layer");
    }
    out = numbers[0];
    return {};
  }

  const Gguf& gguf_;
  const std::string_view arch_;
  std::string problems_;
};

}  // namespace minnow
