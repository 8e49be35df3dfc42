// Look-up in ordered dictionaries.
#include "template/dict_object.hpp"

#include <algorithm>

namespace minnow {
namespace {

constexpr std::size_t kSmall = 12;
constexpr int kMaxKeyDepth = 16;

// Kinds that never equal each other are ordered by this rank; numbers share one.
int rank(const Value& value) {
  if (value.is_number()) return 1;
  switch (value.kind()) {
    case Kind::kString:
      return 2;
    case Kind::kList:
      return 3;
    default:
      return 0;
  }
}

int compare_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
  }
  const double x = a.as_double();
  const double y = b.as_double();
  return x < y ? -1 : x > y ? 1 : 0;
}

}  // namespace

int KeyLess::compare(const Value& a, const Value& b, int depth) {
  const int rank_a = rank(a);
  const int rank_b = rank(b);
  if (rank_a != rank_b) return rank_a - rank_b;
  if (rank_a == 1) return compare_numbers(a, b);
  if (rank_a == 2) return a.as_text().compare(b.as_text());
  if (rank_a == 0 || depth > kMaxKeyDepth) return 0;
  const auto& x = a.as_list().items;
  const auto& y = b.as_list().items;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (const int order = compare(x[i], y[i], depth + 1); order != 0) return order;
  }
  return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
}

bool is_key(const Value& value, int depth) {
  if (value.is_number() || value.is(Kind::kString) || value.is(Kind::kNone)) return true;
  if (!value.is(Kind::kList) || value.as_list().flavor != ListFlavor::kTuple) return false;
  if (depth >= kMaxKeyDepth) return false;
  const auto& items = value.as_list().items;
  return std::all_of(items.begin(), items.end(),
                     [depth](const Value& item) { return is_key(item, depth + 1); });
}

bool DictObject::TextLess::operator()(const Value& a, std::string_view b) const {
  const int order = rank(a);
  return order != 2 ? order < 2 : a.as_text() < b;
}

bool DictObject::TextLess::operator()(std::string_view a, const Value& b) const {
  const int order = rank(b);
  return order != 2 ? 2 < order : a < b.as_text();
}

const Value* DictObject::find(std::string_view key) const {
  if (!index.empty()) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &entries[found->second].value;
  }
  for (const DictEntry& entry : entries) {
    if (entry.key.is(Kind::kString) && entry.key.as_text() == key) return &entry.value;
  }
  return nullptr;
}

const Value* DictObject::find(const Value& key) const {
  if (!is_key(key)) return nullptr;
  if (key.is(Kind::kString)) return find(key.as_text());
  if (!index.empty()) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &entries[found->second].value;
  }
  for (const DictEntry& entry : entries) {
    if (KeyLess::compare(entry.key, key, 0) == 0) return &entry.value;
  }
  return nullptr;
}

void DictObject::build_index() {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    index.emplace(entries[i].key, static_cast<std::uint32_t>(i));
  }
}

void DictObject::set(Value key, Value value) {
  if (const Value* found = find(key)) {
    *const_cast<Value*>(found) = std::move(value);
    return;
  }
  if (!index.empty()) index.emplace(key, static_cast<std::uint32_t>(entries.size()));
  entries.push_back({std::move(key), std::move(value)});
  if (index.empty() && entries.size() > kSmall) build_index();
}

void DictObject::surrender(Object*& doomed) {
  // The index holds second references to the keys; keys are shallow, so dropping them here is safe.
  index.clear();
  for (DictEntry& entry : entries) {
    entry.key.surrender(doomed);
    entry.value.surrender(doomed);
  }
}

}  // namespace minnow
