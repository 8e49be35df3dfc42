// Byte-pair merging over running text, without words: SentencePiece BPE ("llama"), where the score
// of the joined text decides, and Gemma 4's merges by rank over whole lines.
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tokenizer/tokenizer_parts.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

// Neighbours merge when their joined text is a token; the highest score goes first.
struct ScoredPairs {
  const Vocabulary& vocabulary;
  std::string_view text;

  Merge find(const MergeSymbol& left, const MergeSymbol& right) const {
    const std::size_t n_bytes = right.end - left.begin;
    if (n_bytes > vocabulary.max_text_bytes()) return {0, kNoToken};
    const Token token = vocabulary.find(text.data() + left.begin, n_bytes);
    return {token == kNoToken ? 0 : rank_of(vocabulary.score(token)), token};
  }

  // Orders all floats, NaN included, the highest first.
  static std::uint32_t rank_of(float score) {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);
    return ~(bits >> 31 ? ~bits : bits | 0x80000000u);
  }
};

struct RankedPairs {
  const MergeTable& merges;
  Merge find(const MergeSymbol& left, const MergeSymbol& right) const {
    return merges.find(left.token, right.token);
  }
};

// Merges the characters of text[begin, end) and appends what comes out.
template <class Pairs>
void encode_chunk(const FragmentJob& job, const Pairs& pairs, std::string_view text,
                  std::size_t begin, std::size_t end) {
  const Vocabulary& vocabulary = job.parts.vocabulary;
  const auto spell = [&](std::uint32_t at) {
    const std::uint32_t n_bytes = decode_utf8(text.data() + at, end - at).n_bytes;
    return MergeSymbol{at, at + n_bytes, vocabulary.find(text.data() + at, n_bytes)};
  };
  const auto& symbols = job.scratch.merger.merge(pairs, spell, static_cast<std::uint32_t>(begin),
                                                 static_cast<std::uint32_t>(end));
  for (const MergeSymbol& symbol : symbols) {
    if (symbol.token != kNoToken) {
      job.out->push_back(symbol.token);
    } else {
      append_bytes(job.parts, text.substr(symbol.begin, symbol.end - symbol.begin), job.out);
    }
  }
}

// Cuts text[begin, end) where no piece joins the neighbours, and encodes the chunks. Boundaries in
// the log are offsets of `text` plus `shift`; `log` may be nullptr.
template <class Pairs>
void encode_chunks(const FragmentJob& job, const Pairs& pairs, std::string_view text,
                   std::size_t begin, std::size_t end, std::ptrdiff_t shift, BoundaryLog* log) {
  std::size_t chunk = begin;
  while (chunk < end) {
    Utf8Char last = decode_utf8(text.data() + chunk, end - chunk);
    std::size_t at = chunk + last.n_bytes;
    while (at < end) {
      const Utf8Char c = decode_utf8(text.data() + at, end - at);
      if (!job.parts.neighbours.may_join(last.code, c.code)) break;
      last = c;
      at += c.n_bytes;
    }
    const std::string_view word = text.substr(chunk, at - chunk);
    if (!job.scratch.words.append_known(word, job.out)) {
      encode_chunk(job, pairs, text, chunk, at);
      job.scratch.words.store(word, *job.out);
    }
    if (log != nullptr && at < end) {
      const auto offset = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(at) + shift);
      // Behind the space in front lies the fragment's own beginning, which is no boundary.
      if (offset > job.text_offset) log->note(offset, job.out->size(), false);
    }
    chunk = at;
  }
}

}  // namespace

void append_bytes(const TokenizerParts& parts, std::string_view text,
                  std::pmr::vector<Token>* out) {
  for (const char c : text) {
    const Token token = parts.vocabulary.byte_token(static_cast<unsigned char>(c));
    if (token != kNoToken) {
      out->push_back(token);
    } else if (parts.special.unk != kNoToken) {
      out->push_back(parts.special.unk);
      return;  // one unknown token for the whole character
    }
  }
}

std::string_view unmark_spaces(const FragmentJob& job, bool prefix_space,
                               std::ptrdiff_t* offset_shift, bool* offsets_known) {
  const bool marked = job.text.find(kSpaceMark) != std::string_view::npos;
  *offsets_known = !marked;
  *offset_shift = static_cast<std::ptrdiff_t>(job.text_offset) - (prefix_space ? 1 : 0);
  if (!marked && !prefix_space) return job.text;
  auto& copy = job.scratch.text;
  copy.clear();
  if (prefix_space) copy.push_back(' ');
  if (marked) {
    append_piece_text(job.text, PieceForm::kMarkedSpaces, &copy);
  } else {
    copy.insert(copy.end(), job.text.begin(), job.text.end());
  }
  return {copy.data(), copy.size()};
}

void encode_by_scores(const FragmentJob& job) {
  std::ptrdiff_t shift = 0;
  bool offsets_known = false;
  const bool prefix = job.parts.add_space_prefix && job.starts_running_text;
  const std::string_view text = unmark_spaces(job, prefix, &shift, &offsets_known);
  encode_chunks(job, ScoredPairs{job.parts.vocabulary, text}, text, 0, text.size(), shift,
                offsets_known ? job.log : nullptr);
}

void encode_by_line_merges(const FragmentJob& job) {
  std::ptrdiff_t shift = 0;
  bool offsets_known = false;
  const bool prefix = job.parts.add_space_prefix && job.starts_running_text;
  const std::string_view text = unmark_spaces(job, prefix, &shift, &offsets_known);
  BoundaryLog* log = offsets_known ? job.log : nullptr;
  WordSplitter lines(line_pre_tokenizer(), text);
  std::size_t begin = 0, end = 0;
  while (lines.next(&begin, &end)) {
    // A run of newlines that is a token is taken whole: its merges are not in the files.
    const Token whole =
        text[begin] == '\n' ? job.parts.vocabulary.find(text.substr(begin, end - begin)) : kNoToken;
    if (whole != kNoToken) {
      job.out->push_back(whole);
    } else {
      encode_chunks(job, RankedPairs{job.parts.merges}, text, begin, end, shift, log);
    }
  }
}

}  // namespace minnow
