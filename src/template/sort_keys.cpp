// A merge sort by std::stable_sort, whose comparison may fail: from then on everything is equal,
// and the failure is reported at the end.
#include "template/sort_keys.hpp"

#include <algorithm>
#include <charconv>

#include "template/iteration.hpp"
#include "template/text_operations.hpp"
#include "template/value_text.hpp"

namespace minnow {

bool pick_attribute(Evaluation& evaluation, const Value& item, const Value& attribute, Value* out) {
  if (!attribute.is(Kind::kString)) return get_item(evaluation, item, attribute, out);
  *out = item;
  std::string_view path = attribute.as_text();
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    std::int64_t number = 0;
    const auto end = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool is_number = end.ec == std::errc() && end.ptr == part.data() + part.size() &&
                           !part.empty() && part[0] != '-';
    const Value index =
        is_number ? Value::integer(number) : Value::string(part, false, &evaluation);
    const Value object = *out;
    if (!get_item(evaluation, object, index, out)) return false;
    if (dot == std::string_view::npos) return true;
    path = path.substr(dot + 1);
  }
}

bool SortPlan::raw_key(const Value& item, const Value& attribute, Value* key) {
  *key = item;
  if (attribute.is(Kind::kUndefined) || attribute.is(Kind::kNone)) return true;
  if (!pick_attribute(evaluation, item, attribute, key)) return false;
  if (key->is(Kind::kUndefined) && !fallback.is(Kind::kUndefined) && !fallback.is(Kind::kNone)) {
    *key = fallback;
  }
  return true;
}

bool SortPlan::fold(Value key, Value* out) {
  if (!case_sensitive && key.is(Kind::kString)) {
    return change_case(evaluation, key.as_marked(), CaseChange::kLower, out);
  }
  *out = std::move(key);
  return true;
}

bool SortPlan::add(Value key, Value item) {
  Value folded;
  if (!fold(std::move(key), &folded) || !evaluation.charge(1)) return false;
  entries.push_back({std::move(folded), std::move(item)});
  return evaluation.room_for(0);
}

bool SortPlan::add_all(const ListObject& items, const Value& attribute) {
  const bool several =
      attribute.is(Kind::kString) && attribute.as_text().find(',') != std::string_view::npos;
  for (const Value& item : items.items) {
    Value key;
    if (!several) {
      if (!raw_key(item, attribute, &key) || !add(std::move(key), item)) return false;
      continue;
    }
    Value keys = make_list(evaluation, ListFlavor::kTuple);
    for (std::string_view rest = attribute.as_text();;) {
      const std::size_t comma = rest.find(',');
      Value folded;
      if (!raw_key(item, Value::string(rest.substr(0, comma), false, &evaluation), &key) ||
          !fold(std::move(key), &folded)) {
        return false;
      }
      keys.append(std::move(folded));
      if (comma == std::string_view::npos) break;
      rest = rest.substr(comma + 1);
    }
    if (!add(std::move(keys), item)) return false;
  }
  return true;
}

bool SortPlan::sort() {
  std::stable_sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
    int sign = 0;
    if (evaluation.failed() || !order(evaluation, a.key, b.key, "<", &sign)) return false;
    return descending ? sign == 1 : sign == -1;
  });
  return !evaluation.failed();
}

bool SortPlan::take(ListObject& list) {
  if (!evaluation.room_for_items(entries.size())) return false;
  list.items.reserve(entries.size());
  for (Entry& entry : entries) list.items.push_back(std::move(entry.item));
  entries.clear();
  return true;
}

}  // namespace minnow
