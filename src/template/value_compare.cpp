// Truth, equality, order and membership as in Python. Every comparison of containers counts steps,
// because a list that holds itself twice, fifty times over, is small in memory and endless to walk.
#include <algorithm>
#include <cmath>

#include "template/dict_object.hpp"
#include "template/python_text.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

bool check_depth(Evaluation& evaluation, std::uint32_t depth) {
  if (depth <= evaluation.limits().max_value_depth) return evaluation.charge(1);
  return evaluation.fail(StatusCode::kUnsupported, "a value is nested too deep to be compared");
}

bool equal_lists(Evaluation& evaluation, const ListObject& a, const ListObject& b, bool* out,
                 std::uint32_t depth) {
  const auto family = [](const ListObject& list) {
    return list.flavor == ListFlavor::kGroup ? ListFlavor::kTuple : list.flavor;
  };
  *out = family(a) == family(b) && a.items.size() == b.items.size();
  for (std::size_t i = 0; *out && i < a.items.size(); ++i) {
    if (!equal(evaluation, a.items[i], b.items[i], out, depth + 1)) return false;
  }
  return true;
}

bool equal_dicts(Evaluation& evaluation, const DictObject& a, const DictObject& b, bool* out,
                 std::uint32_t depth) {
  *out = a.entries.size() == b.entries.size();
  for (std::size_t i = 0; *out && i < a.entries.size(); ++i) {
    const Value* other = b.find(a.entries[i].key);
    *out = other != nullptr;
    if (*out && !equal(evaluation, a.entries[i].value, *other, out, depth + 1)) return false;
  }
  return true;
}

template <class T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

bool order_numbers(const Value& a, const Value& b, int* out) {
  if (a.is_integral() && b.is_integral()) {
    *out = three_way(a.as_int(), b.as_int());
    return true;
  }
  const double x = a.as_double();
  const double y = b.as_double();
  *out = std::isnan(x) || std::isnan(y) ? 2 : three_way(x, y);
  return true;
}

bool is_orderable_list(const Value& value) {
  if (!value.is(Kind::kList)) return false;
  const ListFlavor flavor = value.as_list().flavor;
  return flavor == ListFlavor::kList || flavor == ListFlavor::kTuple ||
         flavor == ListFlavor::kGroup;
}

bool order_lists(Evaluation& evaluation, const ListObject& a, const ListObject& b,
                 std::string_view sign, int* out, std::uint32_t depth) {
  const std::size_t n = std::min(a.items.size(), b.items.size());
  for (std::size_t i = 0; i < n; ++i) {
    bool same = false;
    if (!equal(evaluation, a.items[i], b.items[i], &same, depth + 1)) return false;
    if (!same) return order(evaluation, a.items[i], b.items[i], sign, out, depth + 1);
  }
  *out = three_way(a.items.size(), b.items.size());
  return true;
}

}  // namespace

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.as_int() != 0;
    case Kind::kFloat:
      return value.as_double() != 0;
    case Kind::kString:
      return !value.as_text().empty();
    case Kind::kList:
      return value.as_list().flavor == ListFlavor::kGenerator || !value.as_list().items.empty();
    case Kind::kDict:
      return !value.as_dict().entries.empty();
    default:
      return true;
  }
}

bool equal(Evaluation& evaluation, const Value& a, const Value& b, bool* out, std::uint32_t depth) {
  if (!check_depth(evaluation, depth)) return false;
  *out = false;
  if (a.is_number() && b.is_number()) {
    *out = a.is_integral() && b.is_integral() ? a.as_int() == b.as_int()
                                              : a.as_double() == b.as_double();
    return true;
  }
  if (a.kind() != b.kind()) return true;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      *out = true;
      return true;
    case Kind::kString:
      *out = a.as_text() == b.as_text();
      return !*out || evaluation.charge_bytes(a.as_text().size());
    case Kind::kFunction:
      *out = a.as_int() == b.as_int();
      return true;
    case Kind::kList:
      *out = a.object() == b.object();
      return *out || equal_lists(evaluation, a.as_list(), b.as_list(), out, depth);
    case Kind::kDict:
      *out = a.object() == b.object();
      return *out || equal_dicts(evaluation, a.as_dict(), b.as_dict(), out, depth);
    default:
      *out = a.object() == b.object();
      return true;
  }
}

bool order(Evaluation& evaluation, const Value& a, const Value& b, std::string_view sign, int* out,
           std::uint32_t depth) {
  if (!check_depth(evaluation, depth)) return false;
  if (a.is_number() && b.is_number()) return order_numbers(a, b, out);
  if (a.is(Kind::kString) && b.is(Kind::kString)) {
    *out = three_way(a.as_text().compare(b.as_text()), 0);
    return evaluation.charge_bytes(std::min(a.as_text().size(), b.as_text().size()));
  }
  if (is_orderable_list(a) && is_orderable_list(b) &&
      (a.as_list().flavor == ListFlavor::kList) == (b.as_list().flavor == ListFlavor::kList)) {
    return order_lists(evaluation, a.as_list(), b.as_list(), sign, out, depth);
  }
  if (a.is(Kind::kUndefined)) return evaluation.refuse_undefined(a);
  if (b.is(Kind::kUndefined)) return evaluation.refuse_undefined(b);
  return evaluation.refuse("'", sign, "' not supported between instances of '", type_name(a),
                           "' and '", type_name(b), "'");
}

bool contains(Evaluation& evaluation, const Value& container, const Value& item, bool* out) {
  *out = false;
  switch (container.kind()) {
    case Kind::kUndefined:
      return true;
    case Kind::kString:
      if (!item.is(Kind::kString)) {
        if (item.is(Kind::kUndefined)) return evaluation.refuse_undefined(item);
        return evaluation.refuse("'in <string>' requires string as left operand, not ",
                                 type_name(item));
      }
      *out = container.as_text().find(item.as_text()) != std::string_view::npos;
      return evaluation.charge_bytes(container.as_text().size());
    case Kind::kDict:
      if (!is_key(item) && !item.is(Kind::kUndefined)) {
        return evaluation.refuse("unhashable type: '", type_name(item), "'");
      }
      *out = container.as_dict().find(item) != nullptr;
      return true;
    case Kind::kList:
      for (const Value& one : container.as_list().items) {
        if (!equal(evaluation, one, item, out)) return false;
        if (*out) return true;
      }
      return true;
    default:
      return evaluation.refuse("argument of type '", type_name(container), "' is not iterable");
  }
}

}  // namespace minnow
