// Sorting by attributes, as sort, unique, min, max and groupby share it.
#pragma once

#include "template/evaluation.hpp"

namespace minnow {

// item.a.b.0 for the attribute "a.b.0", or item[n] for an integer; undefined when it does not
// exist.
bool pick_attribute(Evaluation& evaluation, const Value& item, const Value& attribute, Value* out);

// Items with the keys that they are ordered by. Keys that are text count as lower case unless
// case_sensitive is set.
struct SortPlan {
  struct Entry {
    Value key;
    Value item;
  };
  explicit SortPlan(Evaluation& of) : evaluation(of), entries(&of) {}

  // Adds each item, its key the attribute ("a,b" for several) or, without one, the item itself.
  bool add_all(const ListObject& items, const Value& attribute);
  bool add(Value key, Value item);
  // The key before its case is folded.
  bool raw_key(const Value& item, const Value& attribute, Value* key);
  // Stable; refuses keys that have no order.
  bool sort();
  bool take(ListObject& list);

  Evaluation& evaluation;
  std::pmr::vector<Entry> entries;
  Value fallback;  // the key of items without the attribute
  bool descending = false;
  bool case_sensitive = false;

 private:
  bool fold(Value key, Value* out);
};

}  // namespace minnow
