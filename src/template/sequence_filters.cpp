// Filters over sequences: length, first, join, sort, unique, batch, groupby, dictsort and the like.
#include <algorithm>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/sort_keys.hpp"
#include "template/text_operations.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

bool subject_items(const NativeCall& call, Value* items) {
  return to_items(call.evaluation, call.subject, items);
}

bool length(const NativeCall& call, Value* out) {
  const Value& value = call.subject;
  std::size_t n = 0;
  if (value.is(Kind::kString)) {
    n = count_code_points(value.as_text());
  } else if (value.is(Kind::kList) && value.as_list().flavor != ListFlavor::kGenerator) {
    n = value.as_list().items.size();
  } else if (value.is(Kind::kDict)) {
    n = value.as_dict().entries.size();
  } else if (!value.is(Kind::kUndefined)) {
    return call.evaluation.refuse("object of type '", type_name(value), "' has no len()");
  }
  *out = Value::integer(static_cast<std::int64_t>(n));
  return call.evaluation.charge_bytes(value.is(Kind::kString) ? 2 * n : 0);
}

bool first(const NativeCall& call, Value* out) {
  Value items;
  if (!subject_items(call, &items)) return false;
  const auto& values = items.as_list().items;
  *out = values.empty() ? Value::undefined(Absence::kAttribute, 0) : values.front();
  return true;
}

bool last(const NativeCall& call, Value* out) {
  Value items;
  if (call.subject.is(Kind::kList) && call.subject.as_list().flavor == ListFlavor::kGenerator) {
    return call.evaluation.refuse("'generator' object is not reversible");
  }
  if (!subject_items(call, &items)) return false;
  const auto& values = items.as_list().items;
  *out = values.empty() ? Value::undefined(Absence::kAttribute, 0) : values.back();
  return true;
}

bool join_filter(const NativeCall& call, Value* out) {
  Value items;
  Value separator = Value::string("", false, &call.evaluation);
  if (is_given(call.slot[0]) && !to_string(call.evaluation, call.slot[0], &separator)) return false;
  if (!subject_items(call, &items)) return false;
  const bool by_attribute = is_given(call.slot[1]) && !call.slot[1].is(Kind::kNone);
  TextBuilder result(call.evaluation);
  bool begun = false;
  for (const Value& item : items.as_list().items) {
    Value value = item;
    if (by_attribute && !pick_attribute(call.evaluation, item, call.slot[1], &value)) return false;
    if (begun && !result.append(separator.as_marked())) return false;
    begun = true;
    if (!append_str(result, value) || !call.evaluation.charge(1)) return false;
  }
  return result.finish(out);
}

bool list(const NativeCall& call, Value* out) {
  Value items;
  if (!subject_items(call, &items)) return false;
  if (items.as_list().flavor == ListFlavor::kList) {
    *out = std::move(items);
    return true;
  }
  if (!call.evaluation.room_for_items(items.as_list().items.size())) return false;
  *out = make_list(call.evaluation);
  out->as_list().items = items.as_list().items;
  return true;
}

bool reverse(const NativeCall& call, Value* out) {
  if (call.subject.is(Kind::kString)) {
    const Value bounds[3] = {Value::none(), Value::none(), Value::integer(-1)};
    return get_slice(call.evaluation, call.subject, bounds, out);
  }
  Value items;
  if (!subject_items(call, &items)) return false;
  const auto& values = items.as_list().items;
  if (!call.evaluation.room_for_items(values.size())) return false;
  // What cannot be walked backwards is made a list first, and stays one.
  const bool one_way =
      call.subject.is(Kind::kList) && call.subject.as_list().flavor == ListFlavor::kGenerator;
  *out = make_list(call.evaluation, one_way ? ListFlavor::kList : ListFlavor::kGenerator);
  out->as_list().items.assign(values.rbegin(), values.rend());
  return true;
}

bool sort(const NativeCall& call, Value* out) {
  Value items;
  if (!subject_items(call, &items)) return false;
  SortPlan plan(call.evaluation);
  plan.descending = truth_slot(call, 0, false);
  plan.case_sensitive = truth_slot(call, 1, false);
  if (!plan.add_all(items.as_list(), call.slot[2]) || !plan.sort()) return false;
  *out = make_list(call.evaluation);
  return plan.take(out->as_list());
}

bool unique(const NativeCall& call, Value* out) {
  Value items;
  if (!subject_items(call, &items)) return false;
  SortPlan plan(call.evaluation);
  plan.case_sensitive = truth_slot(call, 0, false);
  if (!plan.add_all(items.as_list(), call.slot[1])) return false;
  Value seen = Value::dict(&call.evaluation);
  *out = make_list(call.evaluation, ListFlavor::kGenerator);
  for (const SortPlan::Entry& entry : plan.entries) {
    if (!is_key(entry.key)) {
      return call.evaluation.refuse("unhashable type: '", type_name(entry.key), "'");
    }
    if (seen.as_dict().find(entry.key) != nullptr) continue;
    seen.as_dict().set(entry.key, Value::none());
    if (!push_item(call.evaluation, out->as_list(), entry.item)) return false;
  }
  return true;
}

template <bool maximum>
bool extreme(const NativeCall& call, Value* out) {
  Value items;
  if (!subject_items(call, &items)) return false;
  SortPlan plan(call.evaluation);
  plan.case_sensitive = truth_slot(call, 0, false);
  if (!plan.add_all(items.as_list(), call.slot[1])) return false;
  *out = Value::undefined(Absence::kAttribute, 0);
  const SortPlan::Entry* best = nullptr;
  for (const SortPlan::Entry& entry : plan.entries) {
    int sign = 0;
    if (best != nullptr &&
        !order(call.evaluation, entry.key, best->key, maximum ? ">" : "<", &sign)) {
      return false;
    }
    if (best == nullptr || (maximum ? sign == 1 : sign == -1)) best = &entry;
  }
  if (best != nullptr) *out = best->item;
  return true;
}

bool sum(const NativeCall& call, Value* out) {
  constexpr int kAdd = 0;  // Operator::kAdd
  Value items;
  if (!subject_items(call, &items)) return false;
  Value total = is_given(call.slot[1]) ? call.slot[1] : Value::integer(0);
  const bool by_attribute = is_given(call.slot[0]) && !call.slot[0].is(Kind::kNone);
  for (const Value& item : items.as_list().items) {
    Value value = item;
    if (by_attribute && !pick_attribute(call.evaluation, item, call.slot[0], &value)) return false;
    Value next;
    if (total.is(Kind::kString)) return call.evaluation.refuse("sum cannot add strings");
    if (!arithmetic(call.evaluation, kAdd, total, value, &next)) return false;
    total = std::move(next);
  }
  *out = std::move(total);
  return true;
}

bool batch(const NativeCall& call, Value* out) {
  Value items;
  std::int64_t size = 0;
  if (!subject_items(call, &items) || !integer_slot(call, 0, "linecount", 0, &size)) return false;
  const auto& values = items.as_list().items;
  *out = make_list(call.evaluation, ListFlavor::kGenerator);
  const bool fill = is_given(call.slot[1]) && !call.slot[1].is(Kind::kNone);
  Value row;
  for (const Value& value : values) {
    const bool full =
        row.is(Kind::kList) && static_cast<std::int64_t>(row.as_list().items.size()) == size;
    if (full && !push_item(call.evaluation, out->as_list(), std::move(row))) return false;
    if (full || !row.is(Kind::kList)) row = make_list(call.evaluation);
    if (!push_item(call.evaluation, row.as_list(), value)) return false;
  }
  if (!row.is(Kind::kList)) return true;
  while (fill && static_cast<std::int64_t>(row.as_list().items.size()) < size) {
    if (!push_item(call.evaluation, row.as_list(), call.slot[1])) return false;
  }
  return push_item(call.evaluation, out->as_list(), std::move(row));
}

bool slice(const NativeCall& call, Value* out) {
  Value items;
  std::int64_t n = 0;
  if (!subject_items(call, &items) || !integer_slot(call, 0, "slices", 0, &n)) return false;
  if (n < 1) return call.evaluation.refuse("slice needs a number above 0");
  const auto& values = items.as_list().items;
  const auto n_slices = static_cast<std::size_t>(n);
  const std::size_t per_slice = values.size() / n_slices;
  const std::size_t with_extra = values.size() % n_slices;
  const bool fill = is_given(call.slot[1]) && !call.slot[1].is(Kind::kNone);
  *out = make_list(call.evaluation, ListFlavor::kGenerator);
  std::size_t at = 0;
  for (std::size_t i = 0; i < n_slices; ++i) {
    Value row = make_list(call.evaluation);
    const std::size_t end = at + per_slice + (i < with_extra ? 1 : 0);
    for (; at < end; ++at) row.append(values[at]);
    if (fill && i >= with_extra) row.append(call.slot[1]);
    if (!call.evaluation.charge(per_slice + 8)) return false;
    if (!push_item(call.evaluation, out->as_list(), std::move(row))) return false;
    if (!call.evaluation.room_for(0)) return false;
  }
  return true;
}

Value make_pair(Evaluation& evaluation, ListFlavor flavor, Value a, Value b) {
  Value pair = make_list(evaluation, flavor);
  pair.as_list().items.reserve(2);
  pair.append(std::move(a));
  pair.append(std::move(b));
  return pair;
}

bool items_filter(const NativeCall& call, Value* out) {
  *out = make_list(call.evaluation, ListFlavor::kGenerator);
  if (call.subject.is(Kind::kUndefined)) return true;
  if (!call.subject.is(Kind::kDict)) {
    return call.evaluation.refuse("Can only get item pairs from a mapping.");
  }
  for (const DictEntry& entry : call.subject.as_dict().entries) {
    Value pair = make_pair(call.evaluation, ListFlavor::kTuple, entry.key, entry.value);
    if (!push_item(call.evaluation, out->as_list(), std::move(pair))) return false;
  }
  return true;
}

bool dictsort(const NativeCall& call, Value* out) {
  if (call.subject.is(Kind::kUndefined)) return call.evaluation.refuse_undefined(call.subject);
  if (!call.subject.is(Kind::kDict)) {
    return call.evaluation.refuse("'", type_name(call.subject),
                                  "' object has no attribute 'items'");
  }
  bool by_value = false;
  if (is_given(call.slot[1])) {
    const MarkedText* by = nullptr;
    if (!text_slot(call, 1, "by", &by)) return false;
    by_value = by->text() == "value";
    if (!by_value && by->text() != "key") {
      return call.evaluation.refuse("You can only sort by either \"key\" or \"value\"");
    }
  }
  SortPlan plan(call.evaluation);
  plan.case_sensitive = truth_slot(call, 0, false);
  plan.descending = truth_slot(call, 2, false);
  for (const DictEntry& entry : call.subject.as_dict().entries) {
    Value pair = make_pair(call.evaluation, ListFlavor::kTuple, entry.key, entry.value);
    if (!plan.add(by_value ? entry.value : entry.key, std::move(pair))) return false;
  }
  if (!plan.sort()) return false;
  *out = make_list(call.evaluation);
  return plan.take(out->as_list());
}

bool groupby(const NativeCall& call, Value* out) {
  Value items;
  if (!subject_items(call, &items)) return false;
  SortPlan plan(call.evaluation);
  plan.fallback = is_given(call.slot[1]) ? call.slot[1] : Value::none();
  plan.case_sensitive = truth_slot(call, 2, false);
  if (!plan.add_all(items.as_list(), call.slot[0]) || !plan.sort()) return false;
  *out = make_list(call.evaluation);
  const Value* current = nullptr;
  for (const SortPlan::Entry& entry : plan.entries) {
    bool same = false;
    if (current != nullptr && !equal(call.evaluation, *current, entry.key, &same)) return false;
    if (!same) {
      Value grouper;
      if (!plan.raw_key(entry.item, call.slot[0], &grouper)) return false;
      Value pair = make_pair(call.evaluation, ListFlavor::kGroup, std::move(grouper),
                             make_list(call.evaluation));
      if (!push_item(call.evaluation, out->as_list(), std::move(pair))) return false;
    }
    current = &entry.key;
    ListObject& group = out->as_list().items.back().as_list().items[1].as_list();
    if (!push_item(call.evaluation, group, entry.item)) return false;
  }
  return true;
}

constexpr NativeRow kSequenceFilters[] = {
    {"length", "", length},
    {"count", "", length},
    {"first", "", first},
    {"last", "", last},
    {"join", "d attribute", join_filter},
    {"list", "", list},
    {"reverse", "", reverse},
    {"sort", "reverse case_sensitive attribute", sort},
    {"unique", "case_sensitive attribute", unique},
    {"min", "case_sensitive attribute", extreme<false>},
    {"max", "case_sensitive attribute", extreme<true>},
    {"sum", "attribute start", sum},
    {"batch", "linecount fill_with", batch},
    {"slice", "slices fill_with", slice},
    {"items", "", items_filter},
    {"dictsort", "case_sensitive by reverse", dictsort},
    {"groupby", "attribute default case_sensitive", groupby},
};

}  // namespace

NativeTable sequence_filters() {
  return {kSequenceFilters, std::size(kSequenceFilters)};
}

}  // namespace minnow
