// append_json: JSON text as Python's json.dumps writes it.
#pragma once

#include "template/text_builder.hpp"

namespace minnow {

struct JsonStyle {
  MarkedText item_separator;
  MarkedText key_separator;
  bool has_indent = false;
  std::int64_t indent = 0;
  const MarkedText* indent_text = nullptr;  // an indent that is a string
  bool sort_keys = false;
  bool ascii_only = false;
};

bool append_json(TextBuilder& out, const Value& value, const JsonStyle& style);

}  // namespace minnow
