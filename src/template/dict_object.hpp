// DictObject: an ordered dictionary as Python's: keys keep the order in which they were first set.
// Small ones are searched in a row; larger ones keep a sorted index, because a hash table could be
// flooded by keys that an attacker chose.
#pragma once

#include <map>

#include "template/value.hpp"

namespace minnow {

// A total order over what may be a key (None, numbers, strings, tuples of them); equal values of
// different numeric types are one key, as in Python.
struct KeyLess {
  bool operator()(const Value& a, const Value& b) const { return compare(a, b, 0) < 0; }
  // Below 0, 0 or above 0. Tuples nested deeper than 16 count as equal from there on; is_key
  // refuses them.
  static int compare(const Value& a, const Value& b, int depth);
};

// Tells whether a value can be a key: Python's "hashable", and nested at most 16 deep.
bool is_key(const Value& value, int depth = 0);

struct DictEntry {
  Value key;
  Value value;
};

struct DictObject final : Object {
  explicit DictObject(std::pmr::memory_resource* where)
      : Object(where), entries(where), index(where) {}
  void surrender(Object*& doomed) override;

  // Returns the value of a key, or nullptr. A key that is_key refuses is simply not found.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);

  std::pmr::vector<DictEntry> entries;

 private:
  struct TextLess {
    using is_transparent = void;
    bool operator()(const Value& a, const Value& b) const { return KeyLess()(a, b); }
    bool operator()(const Value& a, std::string_view b) const;
    bool operator()(std::string_view a, const Value& b) const;
  };
  void build_index();

  std::pmr::map<Value, std::uint32_t, TextLess> index;  // empty while there are few entries
};

}  // namespace minnow
