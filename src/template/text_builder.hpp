// TextBuilder: a string in the making that stays within the limits of its Evaluation.
#pragma once

#include "template/evaluation.hpp"

namespace minnow {

class TextBuilder {
 public:
  explicit TextBuilder(Evaluation& evaluation) : evaluation_(evaluation), text_(&evaluation) {}

  bool reserve(std::size_t size_bytes) {
    if (!evaluation_.room_for(size_bytes)) return false;
    capacity_ = size_bytes;
    text_.reserve(size_bytes);
    return true;
  }
  bool append(std::string_view piece, bool marked) {
    if (!make_room(piece.size())) return false;
    text_.append(piece, marked);
    return true;
  }
  bool append(char piece, bool marked) { return append(std::string_view(&piece, 1), marked); }
  bool append(const MarkedText& other, std::size_t begin, std::size_t end) {
    if (!make_room(end - begin)) return false;
    text_.append(other, begin, end);
    return true;
  }
  bool append(const MarkedText& other) { return append(other, 0, other.size()); }
  bool pad(std::size_t n, std::string_view fill = " ");

  std::size_t size() const { return text_.size(); }
  const MarkedText& text() const { return text_; }
  Evaluation& evaluation() { return evaluation_; }
  // Turns the text into a string value; always true.
  bool finish(Value* out) {
    *out = Value::string(std::move(text_), &evaluation_);
    return true;
  }

 private:
  bool make_room(std::size_t more);

  Evaluation& evaluation_;
  MarkedText text_;
  std::size_t capacity_ = 0;
};

}  // namespace minnow
