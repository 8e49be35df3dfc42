// Three look-ups a merge, 280,000 merges in a large vocabulary: nearly all of the time is waiting
// for memory, so merges are taken in batches whose look-ups wait together.
#include "tokenizer/merge_reader.hpp"

#include <cstring>

namespace minnow {
namespace {

constexpr std::size_t kBatch = 16;

struct Entry {
  std::size_t begin, middle, end;  // of the text in the batch's buffer
  std::uint64_t left_hash, right_hash;
  std::uint32_t rank;
  Token left, right;
};

class MergeReader {
 public:
  MergeReader(const Vocabulary& vocabulary, PieceForm form, MergeTable* out)
      : vocabulary_(vocabulary), form_(form), out_(out) {}

  void add(std::string_view merge, std::uint32_t rank) {
    // The dividing space is the first behind the first character: a piece may itself be a space.
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos) return;
    Entry& entry = entries_[n_entries_++];
    entry.rank = rank;
    entry.begin = text_.size();
    append_piece_text(merge.substr(0, space), form_, &text_);
    entry.middle = text_.size();
    append_piece_text(merge.substr(space + 1), form_, &text_);
    entry.end = text_.size();
    if (n_entries_ == kBatch) flush();
  }

  void flush() {
    const char* text = text_.data();
    for (std::size_t i = 0; i < n_entries_; ++i) {
      Entry& e = entries_[i];
      e.left_hash = hash_text(text + e.begin, e.middle - e.begin);
      e.right_hash = hash_text(text + e.middle, e.end - e.middle);
      vocabulary_.prefetch_slot(e.left_hash);
      vocabulary_.prefetch_slot(e.right_hash);
    }
    for (std::size_t i = 0; i < n_entries_; ++i) {
      vocabulary_.prefetch_text(entries_[i].left_hash);
      vocabulary_.prefetch_text(entries_[i].right_hash);
    }
    for (std::size_t i = 0; i < n_entries_; ++i) {
      Entry& e = entries_[i];
      e.left = vocabulary_.find_hashed(text + e.begin, e.middle - e.begin, e.left_hash);
      e.right = vocabulary_.find_hashed(text + e.middle, e.end - e.middle, e.right_hash);
      out_->prefetch(e.left, e.right);
    }
    for (std::size_t i = 0; i < n_entries_; ++i) store(entries_[i], text);
    n_entries_ = 0;
    text_.clear();
  }

 private:
  void store(const Entry& e, const char* text) {
    if (e.left == kNoToken || e.right == kNoToken) return;
    const std::string_view joined(text + e.begin, e.end - e.begin);
    // In most files the tokens follow each other as their merges do.
    const Token guess = last_ + 1;
    const bool guessed = vocabulary_.has(guess) && vocabulary_.text(guess) == joined &&
                         vocabulary_.type(guess) == TokenType::kNormal;
    const Token token = guessed ? guess : vocabulary_.find(joined);
    if (token == kNoToken) return;
    last_ = token;
    out_->insert(e.left, e.right, {e.rank, token});
  }

  const Vocabulary& vocabulary_;
  const PieceForm form_;
  MergeTable* out_;
  Entry entries_[kBatch];
  std::size_t n_entries_ = 0;
  std::pmr::vector<char> text_;
  Token last_ = kNoToken;
};

}  // namespace

void read_merges(std::span<const std::string_view> merges, const Vocabulary& vocabulary,
                 PieceForm form, MergeTable* out) {
  out->reserve(merges.size());
  MergeReader reader(vocabulary, form, out);
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    reader.add(merges[rank], static_cast<std::uint32_t>(rank));
  }
  reader.flush();
}

}  // namespace minnow
