// TokenizerParts: everything a Tokenizer is made of, filled by tokenizer_build.cpp and read by the
// encoders of the model kinds. Internal to the layer; users see tokenizer.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include "base/token.hpp"
#include "tokenizer/adjacency_filter.hpp"
#include "tokenizer/charsmap.hpp"
#include "tokenizer/merge_table.hpp"
#include "tokenizer/pre_tokenizer.hpp"
#include "tokenizer/symbol_merger.hpp"
#include "tokenizer/text_trie.hpp"
#include "tokenizer/vocabulary.hpp"
#include "tokenizer/word_cache.hpp"

namespace minnow {

struct FragmentJob;

// A row of models.inc: what tokenizer.ggml.model stands for.
struct TokenizerModel {
  std::string_view name;
  PieceForm form;
  void (*encode)(const FragmentJob& job);
  bool needs_merges;
  bool needs_scores;
  bool has_pre_tokenizer;                   // tokenizer.ggml.pre chooses the words
  bool needs_piece_trie;                    // matches pieces at each position
  bool chunks_by_neighbours;                // splits at characters that no piece joins
  bool ignores_add_bos;                     // files of this model are known to say it wrongly
  bool add_bos, add_eos, add_space_prefix;  // defaults
  Token bos, eos, unk, sep, pad, mask;      // defaults, where the file has such a token
};

// Special ids after all checks: each is below n_tokens or kNoToken.
struct SpecialTokens {
  Token bos = kNoToken, eos = kNoToken, eot = kNoToken, eom = kNoToken, unk = kNoToken;
  Token sep = kNoToken, pad = kNoToken, cls = kNoToken, mask = kNoToken;
  Token fim_pre = kNoToken, fim_suf = kNoToken, fim_mid = kNoToken;
  Token fim_pad = kNoToken, fim_rep = kNoToken, fim_sep = kNoToken;
};

struct TokenizerParts {
  explicit TokenizerParts(std::pmr::memory_resource* memory)
      : vocabulary(memory),
        merges(memory),
        neighbours(memory),
        special_texts(memory),
        pieces(memory),
        charsmap(memory),
        end_tokens(memory) {}

  const TokenizerModel* model = nullptr;
  const PreTokenizer* pre = nullptr;
  Vocabulary vocabulary;
  MergeTable merges;           // byte-pair models with ranks
  AdjacencyFilter neighbours;  // models that merge over whole texts
  TextTrie special_texts;      // control, unknown and user-defined tokens
  TextTrie pieces;             // WordPiece, Unigram
  Charsmap charsmap;           // Unigram's normaliser
  SpecialTokens special;
  std::pmr::vector<Token> end_tokens;  // sorted
  float unknown_score = 0.0f;          // Unigram
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;
  bool remove_extra_whitespaces = false;
  bool lowercase = false;
  bool strip_accents = false;
};

// A place in a text where encoding can be taken up again: everything before it gives the same ids
// whatever follows, as long as the next bytes (Tokenizer::boundary_margin) stay the same.
struct SafeBoundary {
  std::size_t text_offset;
  std::size_t n_tokens;  // ids before it
  bool after_special;    // a special token ends here, as opposed to a place inside running text
};

// Collects boundaries of one text, not closer than kSpacing.
class BoundaryLog {
 public:
  explicit BoundaryLog(std::pmr::vector<SafeBoundary>* boundaries) : boundaries_(boundaries) {}

  bool wants(std::size_t text_offset) const {
    return boundaries_->empty() || text_offset >= boundaries_->back().text_offset + kSpacing;
  }
  void note(std::size_t text_offset, std::size_t n_tokens, bool after_special) {
    if (wants(text_offset)) boundaries_->push_back({text_offset, n_tokens, after_special});
  }

 private:
  static constexpr std::size_t kSpacing = 64;
  std::pmr::vector<SafeBoundary>* boundaries_;
};

// Memory of one call of encode.
struct EncodeScratch {
  explicit EncodeScratch(std::pmr::memory_resource* source)
      : memory(source), text(source), merger(source), words(source) {}

  std::pmr::memory_resource* memory;
  std::pmr::vector<char> text;
  SymbolMerger merger;
  WordCache words;
};

// A stretch of text between special tokens, to be encoded and appended to *out.
struct FragmentJob {
  const TokenizerParts& parts;
  std::string_view text;     // not empty
  std::size_t text_offset;   // of `text` in the whole
  bool starts_running_text;  // the beginning, or behind a special token
  EncodeScratch& scratch;
  std::pmr::vector<Token>* out;
  BoundaryLog* log;  // or nullptr
};

// The encoders of models.inc.
void encode_by_scores(const FragmentJob& job);       // encode_merged_text.cpp
void encode_by_line_merges(const FragmentJob& job);  // encode_merged_text.cpp
void encode_by_word_merges(const FragmentJob& job);  // encode_word_merges.cpp
void encode_word_pieces(const FragmentJob& job);     // encode_word_pieces.cpp
void encode_unigram(const FragmentJob& job);         // encode_unigram.cpp

// Appends the byte tokens of `text`, or the unknown token where the vocabulary has none.
void append_bytes(const TokenizerParts& parts, std::string_view text, std::pmr::vector<Token>* out);

// Copies a fragment into scratch.text as SPM-like models read it: a space in front if asked, each
// U+2581 as a space. Returns the text to encode; *offset_shift is what to add to its offsets to get
// those of the whole text, and *offsets_known is false when they cannot be mapped.
std::string_view unmark_spaces(const FragmentJob& job, bool prefix_space,
                               std::ptrdiff_t* offset_shift, bool* offsets_known);

}  // namespace minnow
