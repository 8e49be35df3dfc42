// Strip, replace, case and padding, carrying the marks along.
#include "template/text_operations.hpp"

#include <algorithm>

#include "template/text_search.hpp"

namespace minnow {
namespace {

// The code points of a set of characters, sorted.
class CharacterSet {
 public:
  CharacterSet(const MarkedText* set, std::pmr::memory_resource* memory)
      : spaces_(set == nullptr), codes_(memory) {
    if (spaces_) return;
    for (std::size_t at = 0; at < set->size();) codes_.push_back(next_code_point(set->text(), at));
    std::sort(codes_.begin(), codes_.end());
  }
  bool has(char32_t code) const {
    return spaces_ ? is_space(code) : std::binary_search(codes_.begin(), codes_.end(), code);
  }

 private:
  bool spaces_;
  std::pmr::vector<char32_t> codes_;
};

void append_changed(std::string& out, char32_t code, CaseChange change, bool starts_word) {
  switch (change) {
    case CaseChange::kUpper:
      append_upper(out, code);
      break;
    case CaseChange::kLower:
      append_lower(out, code);
      break;
    case CaseChange::kSwap:
      if (is_upper(code)) {
        append_lower(out, code);
      } else {
        append_upper(out, code);
      }
      break;
    default:
      if (starts_word) {
        append_title(out, code);
      } else {
        append_lower(out, code);
      }
  }
}

}  // namespace

bool substring(Evaluation& evaluation, const MarkedText& text, std::size_t begin, std::size_t end,
               Value* out) {
  TextBuilder result(evaluation);
  return result.append(text, begin, end) && result.finish(out);
}

bool strip_text(Evaluation& evaluation, const MarkedText& text, const MarkedText* set, bool left,
                bool right, Value* out) {
  const CharacterSet characters(set, &evaluation);
  const std::string_view all = text.text();
  std::size_t begin = 0;
  std::size_t end = all.size();
  while (left && begin < end) {
    std::size_t next = begin;
    if (!characters.has(next_code_point(all, next))) break;
    begin = next;
  }
  while (right && end > begin) {
    const std::size_t last = previous_start(all, end);
    std::size_t at = last;
    if (!characters.has(next_code_point(all, at))) break;
    end = last;
  }
  return evaluation.charge_bytes(8 * (all.size() - (end - begin))) &&
         substring(evaluation, text, begin, end, out);
}

bool replace_text(Evaluation& evaluation, const MarkedText& text, const MarkedText& old,
                  const MarkedText& replacement, std::int64_t count, Value* out) {
  TextBuilder result(evaluation);
  const TextSearch search(old.text(), &evaluation);
  const std::string_view all = text.text();
  std::size_t copied = 0;
  std::size_t from = 0;
  if (!evaluation.charge_bytes(all.size() * std::min<std::size_t>(old.size() + 1, 16)))
    return false;
  for (; count != 0 && from <= all.size(); --count) {
    const std::size_t found = search.find(all, from);
    if (found == std::string_view::npos) break;
    if (!result.append(text, copied, found) || !result.append(replacement)) return false;
    copied = found + old.size();
    from = copied;
    if (old.empty() && from < all.size()) next_code_point(all, from);
    if (old.empty() && found == all.size()) break;
    if (!evaluation.charge(1)) return false;
  }
  return result.append(text, copied, all.size()) && result.finish(out);
}

bool change_case(Evaluation& evaluation, const MarkedText& text, CaseChange change, Value* out) {
  TextBuilder result(evaluation);
  if (!result.reserve(text.size()) || !evaluation.charge_bytes(4 * text.size())) return false;
  MarkCursor marks(text);
  std::string piece;  // run of characters with the same mark
  bool piece_marked = false;
  bool starts_word = true;
  for (std::size_t at = 0; at < text.size();) {
    const bool marked = marks.at(at);
    if ((marked != piece_marked || piece.size() > 4096) && !piece.empty()) {
      if (!result.append(piece, piece_marked)) return false;
      piece.clear();
    }
    piece_marked = marked;
    const char32_t code = next_code_point(text.text(), at);
    append_changed(piece, code, change, starts_word);
    starts_word = change == CaseChange::kTitle && !is_upper(code) && !is_lower(code);
  }
  return result.append(piece, piece_marked) && result.finish(out);
}

bool pad_text(Evaluation& evaluation, const MarkedText& text, std::int64_t width,
              std::string_view fill, bool left, bool right, Value* out) {
  const auto length = static_cast<std::int64_t>(count_code_points(text.text()));
  const std::int64_t missing = std::max<std::int64_t>(width - length, 0);
  // str.center puts the odd space to the left when the width is odd.
  const std::int64_t before = !left ? 0 : !right ? missing : missing / 2 + (missing & width & 1);
  TextBuilder result(evaluation);
  return result.pad(static_cast<std::size_t>(before), fill) && result.append(text) &&
         result.pad(static_cast<std::size_t>(right ? missing - before : 0), fill) &&
         result.finish(out);
}

}  // namespace minnow
