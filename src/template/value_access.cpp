// Attributes, items, slices and iteration.
#include <algorithm>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/loop_object.hpp"
#include "template/python_text.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

constexpr std::size_t kStringBytes = sizeof(StringObject) + 2 * sizeof(Value);

bool characters(Evaluation& evaluation, const MarkedText& text, ListObject& list) {
  const std::size_t n = count_code_points(text.text());
  if (!evaluation.room_for_items(n) || !evaluation.room_for(n * kStringBytes)) return false;
  list.items.reserve(n);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    next_code_point(text.text(), at);
    MarkedText one(&evaluation);
    one.append(text, begin, at);
    list.items.push_back(Value::string(std::move(one), &evaluation));
  }
  return true;
}

// A method as a value, or undefined.
Value bound_method(Evaluation& evaluation, const Value& object, std::string_view name,
                   std::uint32_t name_id) {
  const NativeTable methods = methods_of(object);
  const int row = find_native(methods, name);
  if (row >= 0) {
    return Value::adopt(Kind::kMethod,
                        make_object<MethodObject>(&evaluation, object, &methods.rows[row]));
  }
  return Value::undefined(is_mutating_method(object, name) ? Absence::kUnsafe : Absence::kAttribute,
                          name_id);
}

bool has_items(const Value& value) {
  return value.is(Kind::kList) && (value.as_list().flavor < ListFlavor::kKeys ||
                                   value.as_list().flavor == ListFlavor::kGroup);
}

// The indices that a slice selects: `n` of them, `start`, `start + step`, …
struct SliceRange {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t n = 0;
  std::int64_t stop = 0;
};

bool slice_bound(Evaluation& evaluation, const Value& bound, std::int64_t fallback,
                 std::int64_t* out) {
  if (bound.is(Kind::kNone)) {
    *out = fallback;
    return true;
  }
  if (bound.is(Kind::kUndefined)) return evaluation.refuse_undefined(bound);
  if (!bound.is_integral()) return evaluation.refuse("slice indices must be integers or None");
  *out = bound.as_int();
  return true;
}

bool slice_range(Evaluation& evaluation, const Value* bounds, std::int64_t length,
                 SliceRange* range) {
  std::int64_t step = 1;
  if (!slice_bound(evaluation, bounds[2], 1, &step)) return false;
  if (step == 0) return evaluation.refuse("slice step cannot be zero");
  step = std::clamp<std::int64_t>(step, -(length + 1), length + 1);
  const std::int64_t low = step > 0 ? 0 : -1;
  const std::int64_t high = step > 0 ? length : length - 1;
  std::int64_t start = 0;
  std::int64_t stop = 0;
  constexpr std::int64_t kAbsent = INT64_MIN;
  if (!slice_bound(evaluation, bounds[0], kAbsent, &start)) return false;
  if (!slice_bound(evaluation, bounds[1], kAbsent, &stop)) return false;
  const auto place = [low, high, length](std::int64_t at) {
    return std::clamp(at < 0 ? at + length : at, low, high);
  };
  start = start == kAbsent ? (step > 0 ? low : high) : place(start);
  stop = stop == kAbsent ? (step > 0 ? high : low) : place(stop);
  const std::int64_t span = step > 0 ? stop - start : start - stop;
  const std::int64_t stride = step > 0 ? step : -step;
  *range = {start, step, span <= 0 ? 0 : (span + stride - 1) / stride, stop};
  return true;
}

bool slice_string(Evaluation& evaluation, const MarkedText& text, const Value* bounds, Value* out) {
  const std::size_t length = count_code_points(text.text());
  SliceRange range;
  if (!evaluation.charge_bytes(text.size())) return false;
  if (!slice_range(evaluation, bounds, static_cast<std::int64_t>(length), &range)) return false;
  TextBuilder result(evaluation);
  const auto n = static_cast<std::size_t>(range.n);
  if (range.step == 1) {
    const std::string_view all = text.text();
    const std::size_t begin = code_point_offset(all, static_cast<std::size_t>(range.start));
    const std::size_t end = begin + code_point_offset(all.substr(begin), n);
    return result.append(text, begin, end) && result.finish(out);
  }
  std::pmr::vector<std::uint32_t> starts(&evaluation);
  if (!evaluation.room_for(4 * length)) return false;
  starts.reserve(length + 1);
  for (std::size_t at = 0; at < text.size(); next_code_point(text.text(), at)) {
    starts.push_back(static_cast<std::uint32_t>(at));
  }
  starts.push_back(static_cast<std::uint32_t>(text.size()));
  std::int64_t at = range.start;
  for (std::size_t i = 0; i < n; ++i, at += range.step) {
    const auto index = static_cast<std::size_t>(at);
    if (!result.append(text, starts[index], starts[index + 1])) return false;
  }
  return result.finish(out);
}

}  // namespace

Value make_list(Evaluation& evaluation, ListFlavor flavor) {
  return Value::adopt(Kind::kList, make_object<ListObject>(&evaluation, flavor));
}

bool push_item(Evaluation& evaluation, ListObject& list, Value item) {
  if (list.items.size() >= evaluation.limits().max_items) {
    return evaluation.room_for_items(list.items.size() + 1);
  }
  list.items.push_back(std::move(item));
  return evaluation.charge(1);
}

bool is_iterable(const Value& value) {
  return value.is(Kind::kList) || value.is(Kind::kDict) || value.is(Kind::kString) ||
         value.is(Kind::kUndefined) || value.is(Kind::kLoop);
}

bool to_items(Evaluation& evaluation, const Value& value, Value* items) {
  switch (value.kind()) {
    case Kind::kUndefined:
      *items = make_list(evaluation);
      return true;
    case Kind::kString:
      *items = make_list(evaluation);
      return characters(evaluation, value.as_marked(), items->as_list());
    case Kind::kDict: {
      const auto& entries = value.as_dict().entries;
      if (!evaluation.room_for_items(entries.size())) return false;
      *items = make_list(evaluation);
      items->as_list().items.reserve(entries.size());
      for (const DictEntry& entry : entries) items->append(entry.key);
      return true;
    }
    case Kind::kList:
      if (value.as_list().flavor != ListFlavor::kGenerator) {
        *items = value;
        return true;
      }
      *items = make_list(evaluation);
      items->as_list().items.swap(value.as_list().items);
      return true;
    default:
      return evaluation.refuse("'", type_name(value), "' object is not iterable");
  }
}

bool get_attribute(Evaluation& evaluation, const Value& object, std::string_view name,
                   std::uint32_t name_id, Value* out) {
  *out = Value::undefined(Absence::kAttribute, name_id);
  switch (object.kind()) {
    case Kind::kUndefined:
      return evaluation.refuse_undefined(object);
    case Kind::kNamespace:
      if (const Value* found =
              static_cast<NamespaceObject*>(object.object())->attributes.as_dict().find(name)) {
        *out = *found;
      }
      return true;
    case Kind::kLoop:
      if (loop_attribute(*static_cast<LoopObject*>(object.object()), name, out)) return true;
      break;
    case Kind::kCycler: {
      const auto& cycler = *static_cast<CyclerObject*>(object.object());
      if (name != "current") break;
      *out = cycler.items.as_list().items[cycler.position];
      return true;
    }
    case Kind::kList:
      if (object.as_list().flavor == ListFlavor::kGroup && (name == "grouper" || name == "list")) {
        *out = object.as_list().items[name == "list" ? 1 : 0];
        return true;
      }
      break;
    default:
      break;
  }
  Value method = bound_method(evaluation, object, name, name_id);
  if (method.is(Kind::kUndefined) && object.is(Kind::kDict)) {
    if (const Value* found = object.as_dict().find(name)) method = *found;
  }
  *out = std::move(method);
  return true;
}

bool get_item(Evaluation& evaluation, const Value& object, const Value& index, Value* out) {
  if (object.is(Kind::kUndefined)) return evaluation.refuse_undefined(object);
  if (object.is(Kind::kDict)) {
    if (const Value* found = object.as_dict().find(index)) {
      *out = *found;
      return true;
    }
  } else if (has_items(object) && index.is_integral()) {
    const auto& items = object.as_list().items;
    const auto n = static_cast<std::int64_t>(items.size());
    const std::int64_t at = index.as_int() < 0 ? index.as_int() + n : index.as_int();
    if (at >= 0 && at < n) {
      *out = items[static_cast<std::size_t>(at)];
      return true;
    }
  } else if (object.is(Kind::kString) && index.is_integral()) {
    const std::int64_t at = index.as_int();
    if (at == INT64_MAX) return true;
    const Value bounds[3] = {Value::integer(at), at == -1 ? Value::none() : Value::integer(at + 1),
                             Value::none()};
    if (!slice_string(evaluation, object.as_marked(), bounds, out)) return false;
    if (!out->as_text().empty() && at >= -static_cast<std::int64_t>(object.as_text().size())) {
      return true;
    }
  } else if (object.is(Kind::kString) && index.is(Kind::kList)) {
    return evaluation.refuse("string indices must be integers");
  }
  *out = Value::undefined(Absence::kAttribute, 0);
  if (!index.is(Kind::kString)) return true;
  if (object.is(Kind::kDict)) {  // a key that is missing may still be a method
    *out = bound_method(evaluation, object, index.as_text(), 0);
    return true;
  }
  return get_attribute(evaluation, object, index.as_text(), 0, out);
}

bool get_slice(Evaluation& evaluation, const Value& object, const Value* bounds, Value* out) {
  if (object.is(Kind::kUndefined)) return evaluation.refuse_undefined(object);
  if (object.is(Kind::kString)) return slice_string(evaluation, object.as_marked(), bounds, out);
  if (!has_items(object)) {
    return evaluation.refuse("'", type_name(object), "' object cannot be sliced");
  }
  const ListObject& list = object.as_list();
  SliceRange range;
  if (!slice_range(evaluation, bounds, static_cast<std::int64_t>(list.items.size()), &range)) {
    return false;
  }
  const auto n = static_cast<std::size_t>(range.n);
  if (!evaluation.room_for_items(n)) return false;
  *out =
      make_list(evaluation, list.flavor == ListFlavor::kGroup ? ListFlavor::kTuple : list.flavor);
  out->as_list().items.reserve(n);
  const std::int64_t step = list.range_step;
  out->as_list().range_first = list.range_first + range.start * step;
  out->as_list().range_stop = list.range_first + range.stop * step;
  out->as_list().range_step = range.step * step;
  std::int64_t at = range.start;
  for (std::size_t i = 0; i < n; ++i, at += range.step) {
    out->append(list.items[static_cast<std::size_t>(at)]);
  }
  return true;
}

}  // namespace minnow
