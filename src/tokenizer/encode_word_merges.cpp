// Byte-level BPE: the pre-tokenizer cuts words, their bytes merge by rank. Every byte string comes
// back unchanged from decoding, UTF-8 or not, when the vocabulary has all 256 bytes.
#include <cstdint>

#include "tokenizer/tokenizer_parts.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

struct RankedPairs {
  const MergeTable& merges;
  Merge find(const MergeSymbol& left, const MergeSymbol& right) const {
    return merges.find(left.token, right.token);
  }
};

void encode_word(const FragmentJob& job, std::size_t begin, std::size_t end) {
  const Vocabulary& vocabulary = job.parts.vocabulary;
  if (job.parts.pre->whole_words) {
    const Token whole = vocabulary.find(job.text.data() + begin, end - begin);
    if (whole != kNoToken) {
      job.out->push_back(whole);
      return;
    }
  }
  const auto spell = [&](std::uint32_t at) {
    return MergeSymbol{at, at + 1, vocabulary.byte_token(static_cast<unsigned char>(job.text[at]))};
  };
  const auto& symbols =
      job.scratch.merger.merge(RankedPairs{job.parts.merges}, spell,
                               static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end));
  for (const MergeSymbol& symbol : symbols) {
    const Token token = symbol.token != kNoToken ? symbol.token : job.parts.special.unk;
    if (token != kNoToken) job.out->push_back(token);
  }
}

// A space or newline behind a letter ends a word in every published pattern, whatever comes later.
bool is_safe_boundary(std::string_view text, std::size_t at) {
  if (at == 0 || (text[at] != ' ' && text[at] != '\n')) return false;
  std::size_t start = at - 1;
  while (start > 0 && at - start < kMaxUtf8Bytes && (text[start] & 0xC0) == 0x80) --start;
  const Utf8Char c = decode_utf8(text.data() + start, at - start);
  return c.valid && start + c.n_bytes == at && (mask_of(char_class(c.code)) & kMaskLetter) != 0;
}

}  // namespace

void encode_by_word_merges(const FragmentJob& job) {
  WordSplitter words(*job.parts.pre, job.text);
  std::size_t begin = 0, end = 0;
  while (words.next(&begin, &end)) {
    if (job.log != nullptr && job.log->wants(job.text_offset + begin) &&
        is_safe_boundary(job.text, begin)) {
      job.log->note(job.text_offset + begin, job.out->size(), false);
    }
    const std::string_view word = job.text.substr(begin, end - begin);
    if (job.scratch.words.append_known(word, job.out)) continue;
    encode_word(job, begin, end);
    job.scratch.words.store(word, *job.out);
  }
}

}  // namespace minnow
