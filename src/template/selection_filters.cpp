// map, select and their kin, which apply other filters and tests by name; default and attr.
#include "template/iteration.hpp"
#include "template/native.hpp"
#include "template/sort_keys.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

constexpr std::uint32_t kMaxNestedFilters = 8;

// The arguments without the first `n` positional ones.
Arguments skip(const Arguments& all, std::size_t n) {
  Arguments rest = all;
  rest.positional += n;
  rest.n_positional -= n;
  return rest;
}

const Value* keyword(const Arguments& arguments, std::string_view name) {
  for (std::size_t i = 0; i < arguments.n_keywords; ++i) {
    if (arguments.keywords[i] == name) return &arguments.keyword_values[i];
  }
  return nullptr;
}

// map(attribute='a.b', default=x)
bool map_attribute(const NativeCall& call, const Value& attribute, const ListObject& items,
                   Value* out) {
  const Value* fallback = keyword(call.arguments, "default");
  if (call.arguments.n_keywords > (fallback != nullptr ? 2u : 1u)) {
    return call.evaluation.refuse("map: unexpected keyword argument");
  }
  for (const Value& item : items.items) {
    Value value;
    if (!pick_attribute(call.evaluation, item, attribute, &value)) return false;
    if (value.is(Kind::kUndefined) && fallback != nullptr && !fallback->is(Kind::kNone)) {
      value = *fallback;
    }
    if (!push_item(call.evaluation, out->as_list(), std::move(value))) return false;
  }
  return true;
}

bool map(const NativeCall& call, Value* out) {
  Value items = make_list(call.evaluation);
  // As in Jinja, whatever is false (None, too) has no items.
  if (truth(call.subject) && !to_items(call.evaluation, call.subject, &items)) return false;
  *out = make_list(call.evaluation, ListFlavor::kGenerator);
  if (call.arguments.n_positional == 0) {
    if (const Value* attribute = keyword(call.arguments, "attribute")) {
      return map_attribute(call, *attribute, items.as_list(), out);
    }
    return call.evaluation.refuse("map requires a filter argument");
  }
  const Value& name = call.arguments.positional[0];
  const int filter = name.is(Kind::kString) ? find_filter(name.as_text()) : -1;
  if (filter < 0) {
    return call.evaluation.fail(StatusCode::kUnsupported, "map: filter '",
                                name.is(Kind::kString) ? name.as_text() : type_name(name),
                                "' is not supported");
  }
  const Arguments rest = skip(call.arguments, 1);
  // A filter that map names may be map again, as deep as there are arguments.
  if (++call.evaluation.nested_filters > kMaxNestedFilters) {
    return call.evaluation.fail(StatusCode::kUnsupported, "map inside map more than ",
                                kMaxNestedFilters, " times");
  }
  for (const Value& item : items.as_list().items) {
    Value value;
    if (!run_native(call.evaluation, filter_row(filter), item, rest, &value)) return false;
    if (!push_item(call.evaluation, out->as_list(), std::move(value))) return false;
    if (!call.evaluation.room_for(0)) return false;
  }
  --call.evaluation.nested_filters;
  return true;
}

// Keeps the items for which the test named by the first argument (or truth) gives `wanted`.
bool select_by(const NativeCall& call, const Value* attribute, bool wanted, Value* out) {
  Value items = make_list(call.evaluation);
  // As in Jinja, whatever is false (None, too) has no items.
  if (truth(call.subject) && !to_items(call.evaluation, call.subject, &items)) return false;
  *out = make_list(call.evaluation, ListFlavor::kGenerator);
  const std::size_t used = attribute != nullptr ? 1 : 0;
  const Arguments given = skip(call.arguments, used);
  int test = -1;
  if (given.n_positional > 0) {
    const Value& name = given.positional[0];
    if (name.is(Kind::kString)) test = find_test(name.as_text());
    if (test < 0) {
      return call.evaluation.fail(StatusCode::kUnsupported, "test '",
                                  name.is(Kind::kString) ? name.as_text() : type_name(name),
                                  "' is not supported");
    }
  }
  const Arguments rest = skip(given, given.n_positional > 0 ? 1 : 0);
  for (const Value& item : items.as_list().items) {
    Value value = item;
    Value answer;
    if (attribute != nullptr && !pick_attribute(call.evaluation, item, *attribute, &value)) {
      return false;
    }
    if (test < 0) {
      answer = Value::boolean(truth(value));
    } else if (!run_native(call.evaluation, test_row(test), value, rest, &answer)) {
      return false;
    }
    if (!call.evaluation.charge(1)) return false;
    if (truth(answer) != wanted) continue;
    if (!push_item(call.evaluation, out->as_list(), item)) return false;
  }
  return true;
}

template <bool wanted>
bool select(const NativeCall& call, Value* out) {
  return select_by(call, nullptr, wanted, out);
}

template <bool wanted>
bool select_attribute(const NativeCall& call, Value* out) {
  if (call.arguments.n_positional == 0) {
    return call.evaluation.refuse("selectattr and rejectattr need the name of an attribute");
  }
  return select_by(call, &call.arguments.positional[0], wanted, out);
}

bool default_value(const NativeCall& call, Value* out) {
  const bool missing =
      call.subject.is(Kind::kUndefined) || (truth_slot(call, 1, false) && !truth(call.subject));
  *out = call.subject;
  if (missing) {
    *out = is_given(call.slot[0]) ? call.slot[0] : Value::string("", false, &call.evaluation);
  }
  return true;
}

bool attr(const NativeCall& call, Value* out) {
  const MarkedText* name = nullptr;
  if (!text_slot(call, 0, "attr's argument", &name)) return false;
  if (call.subject.is(Kind::kDict)) {  // attributes only, never items
    Value none = Value::dict(&call.evaluation);
    return get_attribute(call.evaluation, none, name->text(), 0, out);
  }
  return get_attribute(call.evaluation, call.subject, name->text(), 0, out);
}

constexpr NativeRow kSelectionFilters[] = {
    {"map", "*", map},
    {"select", "*", select<true>},
    {"reject", "*", select<false>},
    {"selectattr", "*", select_attribute<true>},
    {"rejectattr", "*", select_attribute<false>},
    {"default", "default_value boolean", default_value},
    {"d", "default_value boolean", default_value},
    {"attr", "name", attr},
};

}  // namespace

NativeTable selection_filters() {
  return {kSelectionFilters, std::size(kSelectionFilters)};
}

}  // namespace minnow
