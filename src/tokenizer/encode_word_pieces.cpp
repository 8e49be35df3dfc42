// BERT's WordPiece: text is cleaned and cut at spaces, punctuation and Chinese characters, then
// each word is covered by the longest pieces from the left. Normalisation is BERT's: control
// characters vanish, and where accents are stripped the text is decomposed (NFD) and loses its
// nonspacing marks.
#include <algorithm>
#include <cstdint>

#include "tokenizer/tokenizer_parts.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

// A longer word is one unknown token, as in BERT's own tokenizer.
constexpr std::size_t kMaxWordChars = 100;

struct CodeRange {
  char32_t first, last;
};
// As published with BERT; 2B920 is how the field reads the fifth extension (2B820).
constexpr CodeRange kChinese[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                  {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                                  {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};

bool is_chinese(char32_t code) {
  return std::any_of(std::begin(kChinese), std::end(kChinese), [code](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

constexpr CharMask kMaskRemoved = mask_of(CharClass::kControl) | mask_of(CharClass::kControlSpace) |
                                  mask_of(CharClass::kFormat) | mask_of(CharClass::kPrivate);

// Of the control characters that are white space, BERT keeps only tab, line feed and return.
bool is_removed(char32_t code, CharMask mask) {
  if (code == '\t' || code == '\n' || code == '\r') return false;
  return code == 0 || code == kReplacementCharacter || (mask & kMaskRemoved) != 0;
}

// BERT treats all ASCII that is neither letter nor digit as punctuation.
bool is_punctuation(char32_t code, CharMask mask) {
  return (mask & kMaskPunctuation) != 0 || (code < 0x80 && (mask & kMaskSymbol) != 0);
}

// Collects one word after the other and turns it into pieces.
class WordCollector {
 public:
  explicit WordCollector(const FragmentJob& job) : job_(job), word_(job.scratch.text) {
    word_.clear();
  }

  void add(char32_t code) {
    if (n_chars_ == 0) word_.assign(1, ' ');  // pieces at the start of a word carry a space
    if (++n_chars_ > kMaxWordChars) return;
    char bytes[kMaxUtf8Bytes];
    const std::size_t n = encode_utf8(code, bytes);
    word_.insert(word_.end(), bytes, bytes + n);
  }

  void finish() {
    if (n_chars_ == 0) return;
    const std::size_t before = job_.out->size();
    if (n_chars_ > kMaxWordChars || !cover()) {
      job_.out->resize(before);
      if (job_.parts.special.unk != kNoToken) job_.out->push_back(job_.parts.special.unk);
    }
    n_chars_ = 0;
  }

 private:
  bool cover() {
    const TextTrie& pieces = job_.parts.pieces;
    for (std::size_t at = 0; at < word_.size();) {
      Token longest = kNoToken;
      std::size_t behind = at;
      TextTrie::Node node = TextTrie::kRoot;
      for (std::size_t i = at; i < word_.size(); ++i) {
        node = pieces.child(node, static_cast<unsigned char>(word_[i]));
        if (node == TextTrie::kNoNode) break;
        if (pieces.token(node) == kNoToken) continue;
        longest = pieces.token(node);
        behind = i + 1;
      }
      if (longest == kNoToken) return false;
      job_.out->push_back(longest);
      at = behind;
    }
    return true;
  }

  const FragmentJob& job_;
  std::pmr::vector<char>& word_;
  std::size_t n_chars_ = 0;
};

// Puts characters into words; those with accents to strip wait in a run of marks, because canonical
// order must be restored before.
class BertNormalizer {
 public:
  explicit BertNormalizer(const FragmentJob& job)
      : parts_(job.parts), collector_(job), marks_(job.scratch.memory) {}

  void add(char32_t code) {
    const CharMask mask = mask_of(char_class(code));
    if (is_removed(code, mask)) return;
    if ((mask & kMaskSpace) != 0) return break_word();
    const bool alone = is_chinese(code);
    if (alone) break_word();
    if (parts_.strip_accents) {
      char32_t parts[kMaxDecomposition];
      const std::size_t n = decompose(code, parts);
      for (std::size_t i = 0; i < n; ++i) add_decomposed(parts[i]);
    } else {
      place(code);
    }
    if (alone) break_word();
  }

  void break_word() {
    flush_marks();
    collector_.finish();
  }

 private:
  struct Mark {
    char32_t code;
    std::uint8_t order;
  };

  void add_decomposed(char32_t code) {
    if (char_class(code) == CharClass::kNonspacing) return;
    const std::uint8_t order = combining_class(code);
    if (order != 0) {
      marks_.push_back({code, order});
      return;
    }
    flush_marks();
    place(code);
  }

  void flush_marks() {
    if (marks_.empty()) return;
    std::stable_sort(marks_.begin(), marks_.end(),
                     [](const Mark& a, const Mark& b) { return a.order < b.order; });
    for (const Mark& mark : marks_) place(mark.code);
    marks_.clear();
  }

  void place(char32_t code) {
    if (parts_.lowercase && code == 0x130) {  // the one letter whose lower case is two
      collector_.add('i');
      code = 0x307;
    } else if (parts_.lowercase) {
      code = to_lower(code);
    }
    const bool alone = is_punctuation(code, mask_of(char_class(code)));
    if (alone) collector_.finish();
    collector_.add(code);
    if (alone) collector_.finish();
  }

  const TokenizerParts& parts_;
  WordCollector collector_;
  std::pmr::vector<Mark> marks_;
};

}  // namespace

void encode_word_pieces(const FragmentJob& job) {
  BertNormalizer normalizer(job);
  bool behind_letter = false;
  for (std::size_t at = 0; at < job.text.size();) {
    const Utf8Char c = decode_utf8(job.text.data() + at, job.text.size() - at);
    const bool is_blank = c.code == ' ' || c.code == '\n';
    if (is_blank && behind_letter && job.log != nullptr) {
      normalizer.break_word();
      job.log->note(job.text_offset + at, job.out->size(), false);
    }
    behind_letter = c.valid && (mask_of(char_class(c.code)) & kMaskLetter) != 0;
    normalizer.add(c.code);
    at += c.n_bytes;
  }
  normalizer.break_word();
}

}  // namespace minnow
