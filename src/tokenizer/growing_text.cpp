// Finding where to take up again, and doing it.
#include "tokenizer/growing_text.hpp"

#include <algorithm>

namespace minnow {

GrowingText::GrowingText(const Tokenizer& tokenizer, EncodeOptions options,
                         std::pmr::memory_resource* memory)
    : tokenizer_(tokenizer),
      options_(options),
      text_(memory),
      user_ranges_(memory),
      tokens_(memory),
      boundaries_(memory) {}

// Returns how many bytes at the front are the same and belong to the same side.
std::size_t GrowingText::n_common_bytes(const std::pmr::vector<char>& text,
                                        const std::pmr::vector<UserRange>& user_ranges) const {
  const std::size_t n = std::min(text.size(), text_.size());
  const auto differs =
      std::mismatch(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n), text_.begin());
  std::size_t n_common = static_cast<std::size_t>(differs.first - text.begin());
  const std::size_t n_ranges = std::max(user_ranges.size(), user_ranges_.size());
  constexpr UserRange kNone{~std::size_t{0}, ~std::size_t{0}};
  for (std::size_t i = 0; i < n_ranges; ++i) {
    const UserRange a = i < user_ranges.size() ? user_ranges[i] : kNone;
    const UserRange b = i < user_ranges_.size() ? user_ranges_[i] : kNone;
    if (a.begin == b.begin && a.end == b.end) continue;
    const std::size_t at = a.begin != b.begin ? std::min(a.begin, b.begin) : std::min(a.end, b.end);
    return std::min(n_common, at);
  }
  return n_common;
}

Status GrowingText::update(std::span<const TextSpan> spans) {
  std::pmr::vector<char> text(text_.get_allocator());
  std::pmr::vector<UserRange> user_ranges(text_.get_allocator());
  MINNOW_TRY(join_spans(spans, &text, &user_ranges));
  const std::size_t n_common = n_common_bytes(text, user_ranges);
  const std::size_t margin = tokenizer_.boundary_margin();
  std::size_t n_boundaries = boundaries_.size();
  while (n_boundaries > 0 && boundaries_[n_boundaries - 1].text_offset + margin > n_common) {
    --n_boundaries;
  }
  const SafeBoundary from =
      n_boundaries == 0 ? SafeBoundary{0, 0, true} : boundaries_[n_boundaries - 1];

  // Everything new is made beside the old, so that a failure, also of memory, leaves the old.
  std::pmr::vector<Token> tokens(text_.get_allocator());
  std::pmr::vector<SafeBoundary> boundaries(text_.get_allocator());
  tokens.reserve(tokens_.size());
  tokens.assign(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(from.n_tokens));
  boundaries.assign(boundaries_.begin(),
                    boundaries_.begin() + static_cast<std::ptrdiff_t>(n_boundaries));
  MINNOW_TRY(tokenizer_.append_encoded({text.data(), text.size()}, user_ranges,
                                       {from.text_offset, from.after_special}, options_, &tokens,
                                       &boundaries));
  const std::size_t n = std::min(tokens.size(), tokens_.size());
  const auto first_new = std::mismatch(
      tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n), tokens_.begin());
  n_kept_tokens_ = static_cast<std::size_t>(first_new.first - tokens.begin());
  n_encoded_bytes_ = text.size() - from.text_offset;
  text_.swap(text);
  user_ranges_.swap(user_ranges);
  tokens_.swap(tokens);
  boundaries_.swap(boundaries);
  return {};
}

}  // namespace minnow
