// The registry of pre-tokenizers, from its .inc file.
#include "tokenizer/pre_tokenizer.hpp"

#include "tokenizer/scan_words.hpp"

namespace minnow {
namespace {

template <class... Stages>
constexpr PreTokenizer make_row(std::string_view name, bool whole_words, bool add_bos,
                                Stages... stages) {
  static_assert(sizeof...(stages) >= 1 && sizeof...(stages) <= kMaxScanStages);
  return {name, whole_words, add_bos, sizeof...(stages), {stages...}};
}

#define MINNOW_PRE_TOKENIZER(...) make_row(__VA_ARGS__),
constexpr PreTokenizer kPreTokenizers[] = {
#include "tokenizer/pre_tokenizers.inc"
};
#undef MINNOW_PRE_TOKENIZER

constexpr PreTokenizer kLines = make_row("lines", false, false, scan_newline_runs);

}  // namespace

const PreTokenizer* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizer& row : kPreTokenizers) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const PreTokenizer& line_pre_tokenizer() {
  return kLines;
}

}  // namespace minnow
