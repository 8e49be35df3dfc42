// The methods of dict, list and tuple that only read; those that write are refused by name.
#include <algorithm>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/loop_object.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

DictObject& dict_of(const NativeCall& call) {
  return call.subject.as_dict();
}

// A view of a dict: its keys, values or pairs.
template <ListFlavor flavor>
bool dict_view(const NativeCall& call, Value* out) {
  const auto& entries = dict_of(call).entries;
  if (!call.evaluation.room_for_items(entries.size())) return false;
  Value list = make_list(call.evaluation, flavor);
  list.as_list().items.reserve(entries.size());
  for (const DictEntry& entry : entries) {
    if (flavor != ListFlavor::kItems) {
      list.append(flavor == ListFlavor::kKeys ? entry.key : entry.value);
      continue;
    }
    Value pair = make_list(call.evaluation, ListFlavor::kTuple);
    pair.as_list().items.reserve(2);
    pair.append(entry.key);
    pair.append(entry.value);
    list.append(std::move(pair));
  }
  *out = std::move(list);
  return true;
}

bool dict_get(const NativeCall& call, Value* out) {
  const Value& key = call.slot[0];
  if (!is_key(key) && !key.is(Kind::kUndefined)) {
    return call.evaluation.refuse("unhashable type: '", type_name(key), "'");
  }
  const Value* found = dict_of(call).find(key);
  *out = found != nullptr ? *found : is_given(call.slot[1]) ? call.slot[1] : Value::none();
  return true;
}

bool dict_copy(const NativeCall& call, Value* out) {
  Value copy = Value::dict(&call.evaluation);
  if (!call.evaluation.room_for_items(2 * dict_of(call).entries.size())) return false;
  for (const DictEntry& entry : dict_of(call).entries) copy.as_dict().set(entry.key, entry.value);
  *out = std::move(copy);
  return true;
}

bool list_index(const NativeCall& call, Value* out) {
  const auto& items = call.subject.as_list().items;
  const auto n = static_cast<std::int64_t>(items.size());
  std::int64_t start = 0;
  std::int64_t end = n;
  if (!integer_slot(call, 1, "start", 0, &start) || !integer_slot(call, 2, "end", n, &end)) {
    return false;
  }
  if (start < 0) start = std::max<std::int64_t>(start + n, 0);
  if (end < 0) end += n;
  for (std::int64_t i = start; i < std::min(end, n); ++i) {
    bool same = false;
    if (!equal(call.evaluation, items[static_cast<std::size_t>(i)], call.slot[0], &same))
      return false;
    if (!same) continue;
    *out = Value::integer(i);
    return true;
  }
  return call.evaluation.refuse("value is not in list");
}

bool list_count(const NativeCall& call, Value* out) {
  std::int64_t n = 0;
  for (const Value& item : call.subject.as_list().items) {
    bool same = false;
    if (!equal(call.evaluation, item, call.slot[0], &same)) return false;
    n += same ? 1 : 0;
  }
  *out = Value::integer(n);
  return true;
}

bool list_copy(const NativeCall& call, Value* out) {
  *out = call.subject;  // lists do not change, so one is as good as two
  return true;
}

bool float_is_integer(const NativeCall& call, Value* out) {
  const double value = call.subject.as_double();
  *out = Value::boolean(
      value - value == 0 &&
      value == static_cast<double>(static_cast<std::int64_t>(std::clamp(value, -9e18, 9e18))));
  return true;
}

constexpr NativeRow kDictMethods[] = {
    {"items", "", dict_view<ListFlavor::kItems>},   {"get", "key default", dict_get},
    {"keys", "", dict_view<ListFlavor::kKeys>},     {"copy", "", dict_copy},
    {"values", "", dict_view<ListFlavor::kValues>},
};
constexpr NativeRow kListMethods[] = {
    {"index", "value start end", list_index},
    {"count", "value", list_count},
    {"copy", "", list_copy},
};
constexpr NativeRow kFloatMethods[] = {{"is_integer", "", float_is_integer}};

constexpr std::string_view kListWriters[] = {"append", "clear", "pop",    "reverse",
                                             "insert", "sort",  "extend", "remove"};
constexpr std::string_view kDictWriters[] = {"clear", "pop", "popitem", "setdefault", "update"};

}  // namespace

bool is_mutating_method(const Value& object, std::string_view name) {
  if (name.substr(0, 2) == "__") return true;
  if (object.is(Kind::kDict)) {
    return std::find(std::begin(kDictWriters), std::end(kDictWriters), name) !=
           std::end(kDictWriters);
  }
  return object.is(Kind::kList) && object.as_list().flavor == ListFlavor::kList &&
         std::find(std::begin(kListWriters), std::end(kListWriters), name) !=
             std::end(kListWriters);
}

NativeTable methods_of(const Value& object) {
  switch (object.kind()) {
    case Kind::kString:
      return string_methods();
    case Kind::kDict:
      return {kDictMethods, std::size(kDictMethods)};
    case Kind::kList: {
      const ListFlavor flavor = object.as_list().flavor;
      const bool sequence = flavor < ListFlavor::kKeys || flavor == ListFlavor::kGroup;
      return {kListMethods, !sequence ? 0 : std::size(kListMethods)};
    }
    case Kind::kFloat:
      return {kFloatMethods, std::size(kFloatMethods)};
    case Kind::kLoop:
      return loop_methods();
    case Kind::kCycler:
      return cycler_methods();
    default:
      return {nullptr, 0};
  }
}

}  // namespace minnow
