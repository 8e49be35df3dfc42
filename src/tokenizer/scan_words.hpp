// The word scanners, one for each published pattern or stage of patterns. Which pre-tokenizer uses
// which stands in pre_tokenizers.inc.
#pragma once

#include "tokenizer/scan_text.hpp"

namespace minnow {

// scan_words.cpp
std::size_t scan_gpt2(const ScanText& segment, std::size_t pos);
std::size_t scan_llama3(const ScanText& segment, std::size_t pos);
std::size_t scan_qwen2(const ScanText& segment, std::size_t pos);
std::size_t scan_qwen35(const ScanText& segment, std::size_t pos);

// scan_cased_words.cpp
std::size_t scan_gpt4o(const ScanText& segment, std::size_t pos);
std::size_t scan_tekken(const ScanText& segment, std::size_t pos);

// scan_stages.cpp: stages of sequences. Between two matches the text is one piece.
std::size_t scan_each_number(const ScanText& segment, std::size_t pos);
std::size_t scan_numbers(const ScanText& segment, std::size_t pos);
std::size_t scan_three_numbers(const ScanText& segment, std::size_t pos);
std::size_t scan_three_digits(const ScanText& segment, std::size_t pos);
std::size_t scan_punctuation_default(const ScanText& segment, std::size_t pos);
std::size_t scan_punctuation_falcon(const ScanText& segment, std::size_t pos);
std::size_t scan_newline_runs(const ScanText& segment, std::size_t pos);

// scan_deepseek.cpp
std::size_t scan_each_newline(const ScanText& segment, std::size_t pos);
std::size_t scan_cased_letters(const ScanText& segment, std::size_t pos);
std::size_t scan_wide_punctuation(const ScanText& segment, std::size_t pos);
std::size_t scan_last_spaces(const ScanText& segment, std::size_t pos);
std::size_t scan_asian_run(const ScanText& segment, std::size_t pos);
std::size_t scan_han_kana_run(const ScanText& segment, std::size_t pos);
std::size_t scan_space_letters(const ScanText& segment, std::size_t pos);
std::size_t scan_space_punctuation(const ScanText& segment, std::size_t pos);
std::size_t scan_deepseek_v3(const ScanText& segment, std::size_t pos);

}  // namespace minnow
