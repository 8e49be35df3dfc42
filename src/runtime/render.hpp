// Small conveniences over templates and tokenizers that more than one caller needs.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "base/token.hpp"
#include "template/render_options.hpp"

namespace minnow {

class Tokenizer;

// The present moment in UTC. (Local time would need the environment, which the library does not
// read.)
CivilTime present_time();

// "2024-07-26 12:34:56"; NULL is the present. kInvalidArgument for anything else.
Status parse_time(const char* text, CivilTime& out);

// Renders a template with the members of a JSON object as variables.
Status render_json_context(std::string_view source, std::string_view context_json, const char* now,
                           std::string& out);

// Tokens as text; what is not UTF-8 becomes U+FFFD. The tokens must be in the vocabulary.
std::string decode_text(const Tokenizer& tokenizer, std::span<const Token> tokens,
                        bool write_special);

}  // namespace minnow
