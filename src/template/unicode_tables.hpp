// Tables of Unicode properties for python_text.cpp, as ranges; see make_unicode_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>

namespace minnow::template_unicode {

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};

// Every stride-th code point from first to last maps to itself plus delta.
struct CaseRun {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t stride;
  std::int32_t delta;
};

// A code point whose image is two or three code points; unused places are 0.
struct CaseExpansion {
  std::uint32_t code;
  std::uint32_t image[3];
};

extern const CodeRange kAlpha[];
extern const std::size_t kAlphaSize;
extern const CodeRange kDigit[];
extern const std::size_t kDigitSize;
extern const CodeRange kUnprintable[];
extern const std::size_t kUnprintableSize;
extern const CaseRun kUpper[];
extern const std::size_t kUpperSize;
extern const CaseExpansion kUpperExpansions[];
extern const std::size_t kUpperExpansionsSize;
extern const CaseRun kLower[];
extern const std::size_t kLowerSize;
extern const CaseExpansion kLowerExpansions[];
extern const std::size_t kLowerExpansionsSize;
extern const CaseRun kTitle[];
extern const std::size_t kTitleSize;
extern const CaseExpansion kTitleExpansions[];
extern const std::size_t kTitleExpansionsSize;

}  // namespace minnow::template_unicode
