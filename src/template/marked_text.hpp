// MarkedText: text that remembers which of its bytes came from a user.
//
// A chat template mixes its own control tokens with what people wrote. The bytes that people
// control are "marked"; every filter, slice and concatenation carries the marks along. The
// tokenizer matches special tokens in unmarked bytes only, so no message can forge one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace minnow {

// Bytes [begin, end) of a text.
struct MarkedSpan {
  std::uint32_t begin;
  std::uint32_t end;
  bool operator==(const MarkedSpan&) const = default;
};

// A value type; one thread at a time. Texts are far below 4 GiB (the limits of the interpreter see
// to that), so spans are 32 bits wide.
class MarkedText {
 public:
  using Spans = std::pmr::vector<MarkedSpan>;

  MarkedText() = default;
  explicit MarkedText(std::pmr::memory_resource* memory) : text_(memory), spans_(memory) {}

  std::string_view text() const { return text_; }
  std::size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  // The marked bytes: ascending, disjoint, never touching one another.
  const Spans& spans() const { return spans_; }
  bool is_marked(std::size_t byte) const;
  bool any_marked() const { return !spans_.empty(); }
  bool all_marked() const {
    return spans_.size() == 1 && spans_[0].begin == 0 && spans_[0].end == text_.size();
  }

  void append(std::string_view piece, bool marked);
  // Appends bytes [begin, end) of `other` with their marks. `other` is not this text itself.
  void append(const MarkedText& other, std::size_t begin, std::size_t end);
  void append(const MarkedText& other) { append(other, 0, other.size()); }
  void reserve(std::size_t size_bytes) { text_.reserve(size_bytes); }
  void clear();

 private:
  void mark(std::size_t begin, std::size_t end);

  std::pmr::string text_;
  Spans spans_;
};

// Answers is_marked for ascending positions in constant time each.
class MarkCursor {
 public:
  explicit MarkCursor(const MarkedText& text) : spans_(text.spans()) {}
  bool at(std::size_t byte) {
    while (next_ < spans_.size() && spans_[next_].end <= byte) ++next_;
    return next_ < spans_.size() && spans_[next_].begin <= byte;
  }

 private:
  const MarkedText::Spans& spans_;
  std::size_t next_ = 0;
};

}  // namespace minnow
