// Marks are kept as merged spans, so a text from one source has at most one.
#include "template/marked_text.hpp"

#include <algorithm>

namespace minnow {
namespace {

// Returns the first span that ends behind `byte`.
MarkedText::Spans::const_iterator first_behind(const MarkedText::Spans& spans, std::size_t byte) {
  return std::partition_point(spans.begin(), spans.end(),
                              [byte](const MarkedSpan& span) { return span.end <= byte; });
}

}  // namespace

bool MarkedText::is_marked(std::size_t byte) const {
  const auto span = first_behind(spans_, byte);
  return span != spans_.end() && span->begin <= byte;
}

void MarkedText::mark(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!spans_.empty() && spans_.back().end == begin) {
    spans_.back().end = static_cast<std::uint32_t>(end);
  } else {
    spans_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  }
}

void MarkedText::append(std::string_view piece, bool marked) {
  const std::size_t begin = text_.size();
  text_.append(piece);
  if (marked) mark(begin, text_.size());
}

void MarkedText::append(const MarkedText& other, std::size_t begin, std::size_t end) {
  const std::size_t base = text_.size();
  text_.append(other.text_, begin, end - begin);
  for (auto span = first_behind(other.spans_, begin);
       span != other.spans_.end() && span->begin < end; ++span) {
    const std::size_t from = std::max<std::size_t>(span->begin, begin);
    const std::size_t to = std::min<std::size_t>(span->end, end);
    mark(base + from - begin, base + to - begin);
  }
}

void MarkedText::clear() {
  text_.clear();
  spans_.clear();
}

}  // namespace minnow
