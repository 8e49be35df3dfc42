// Jinja's tests: `value is name` and what select and its kin look up by name.
#include "template/iteration.hpp"
#include "template/native.hpp"
#include "template/python_text.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

bool answer(bool value, Value* out) {
  *out = Value::boolean(value);
  return true;
}

template <Kind kind>
bool is_kind(const NativeCall& call, Value* out) {
  return answer(call.subject.is(kind), out);
}

bool is_defined(const NativeCall& call, Value* out) {
  return answer(!call.subject.is(Kind::kUndefined), out);
}

bool is_callable(const NativeCall& call, Value* out) {
  const Kind kind = call.subject.kind();
  return answer(kind == Kind::kMacro || kind == Kind::kFunction || kind == Kind::kMethod ||
                    kind == Kind::kLoop || kind == Kind::kJoiner || kind == Kind::kUndefined,
                out);
}

bool is_number(const NativeCall& call, Value* out) {
  return answer(call.subject.is_number(), out);
}

bool is_true(const NativeCall& call, Value* out) {
  return answer(call.subject.is(Kind::kBool) && call.subject.as_bool(), out);
}

bool is_false(const NativeCall& call, Value* out) {
  return answer(call.subject.is(Kind::kBool) && !call.subject.as_bool(), out);
}

bool is_iterable_test(const NativeCall& call, Value* out) {
  return answer(is_iterable(call.subject), out);
}

// What has a length and can be indexed.
bool is_sequence(const NativeCall& call, Value* out) {
  const Value& value = call.subject;
  if (!value.is(Kind::kList)) {
    // Jinja's undefined has a length and can be asked for items, though it refuses.
    const Kind kind = value.kind();
    return answer(kind == Kind::kString || kind == Kind::kDict || kind == Kind::kUndefined, out);
  }
  const ListFlavor flavor = value.as_list().flavor;
  return answer(flavor < ListFlavor::kKeys || flavor == ListFlavor::kGroup, out);
}

bool is_cased(const NativeCall& call, bool upper, Value* out) {
  Value text;
  if (!to_string(call.evaluation, call.subject, &text)) return false;
  bool any = false;
  const std::string_view all = text.as_text();
  for (std::size_t at = 0; at < all.size();) {
    const char32_t code = next_code_point(all, at);
    if (upper ? is_lower(code) : is_upper(code)) return answer(false, out);
    any |= upper ? is_upper(code) : is_lower(code);
  }
  return answer(any, out) && call.evaluation.charge_bytes(all.size());
}

bool is_upper_test(const NativeCall& call, Value* out) {
  return is_cased(call, true, out);
}
bool is_lower_test(const NativeCall& call, Value* out) {
  return is_cased(call, false, out);
}

bool remainder(const NativeCall& call, const Value& divisor, Value* out) {
  constexpr int kModulo = 5;  // Operator::kModulo
  if (call.subject.is(Kind::kString)) return call.evaluation.refuse("a number is needed, not str");
  return arithmetic(call.evaluation, kModulo, call.subject, divisor, out);
}

bool is_odd(const NativeCall& call, Value* out) {
  Value rest;
  return remainder(call, Value::integer(2), &rest) && answer(rest.as_double() == 1, out);
}

bool is_even(const NativeCall& call, Value* out) {
  Value rest;
  return remainder(call, Value::integer(2), &rest) && answer(!truth(rest), out);
}

bool is_divisible(const NativeCall& call, Value* out) {
  Value rest;
  return remainder(call, call.slot[0], &rest) && answer(!truth(rest), out);
}

bool is_equal(const NativeCall& call, Value* out) {
  bool same = false;
  return equal(call.evaluation, call.subject, call.slot[0], &same) && answer(same, out);
}

bool is_not_equal(const NativeCall& call, Value* out) {
  bool same = false;
  return equal(call.evaluation, call.subject, call.slot[0], &same) && answer(!same, out);
}

// The four orders, by the sign: bit 0 below, bit 1 equal, bit 2 above.
template <int accepted>
bool is_ordered(const NativeCall& call, Value* out) {
  constexpr std::string_view kSign = accepted == 1   ? "<"
                                     : accepted == 3 ? "<="
                                     : accepted == 4 ? ">"
                                                     : ">=";
  int sign = 0;
  if (!order(call.evaluation, call.subject, call.slot[0], kSign, &sign)) return false;
  const int bit = sign == 2 ? 0 : sign < 0 ? 1 : sign == 0 ? 2 : 4;
  return answer((accepted & bit) != 0, out);
}

bool is_in(const NativeCall& call, Value* out) {
  bool found = false;
  return contains(call.evaluation, call.slot[0], call.subject, &found) && answer(found, out);
}

bool is_same(const NativeCall& call, Value* out) {
  const Value& a = call.subject;
  const Value& b = call.slot[0];
  if (a.kind() != b.kind()) return answer(false, out);
  bool same = false;
  const bool counted = a.is(Kind::kString) || a.is(Kind::kList) || a.is(Kind::kDict);
  if (counted && !a.is(Kind::kString)) return answer(a.object() == b.object(), out);
  return equal(call.evaluation, a, b, &same) && answer(same, out);
}

bool is_escaped(const NativeCall& call, Value* out) {
  return answer(call.subject.is_markup(), out);
}

bool is_filter_name(const NativeCall& call, Value* out) {
  return answer(call.subject.is(Kind::kString) && find_filter(call.subject.as_text()) >= 0, out);
}

bool is_test_name(const NativeCall& call, Value* out) {
  return answer(call.subject.is(Kind::kString) && find_test(call.subject.as_text()) >= 0, out);
}

constexpr NativeRow kTests[] = {
    {"defined", "", is_defined},
    {"undefined", "", is_kind<Kind::kUndefined>},
    {"none", "", is_kind<Kind::kNone>},
    {"string", "", is_kind<Kind::kString>},
    {"mapping", "", is_kind<Kind::kDict>},
    {"boolean", "", is_kind<Kind::kBool>},
    {"integer", "", is_kind<Kind::kInt>},
    {"float", "", is_kind<Kind::kFloat>},
    {"number", "", is_number},
    {"true", "", is_true},
    {"false", "", is_false},
    {"iterable", "", is_iterable_test},
    {"sequence", "", is_sequence},
    {"callable", "", is_callable},
    {"upper", "", is_upper_test},
    {"lower", "", is_lower_test},
    {"odd", "", is_odd},
    {"even", "", is_even},
    {"divisibleby", "num", is_divisible},
    {"eq", "b", is_equal},
    {"equalto", "b", is_equal},
    {"==", "b", is_equal},
    {"ne", "b", is_not_equal},
    {"!=", "b", is_not_equal},
    {"lt", "b", is_ordered<1>},
    {"lessthan", "b", is_ordered<1>},
    {"<", "b", is_ordered<1>},
    {"le", "b", is_ordered<3>},
    {"<=", "b", is_ordered<3>},
    {"gt", "b", is_ordered<4>},
    {"greaterthan", "b", is_ordered<4>},
    {">", "b", is_ordered<4>},
    {"ge", "b", is_ordered<6>},
    {">=", "b", is_ordered<6>},
    {"in", "seq", is_in},
    {"sameas", "other", is_same},
    {"escaped", "", is_escaped},
    {"filter", "", is_filter_name},
    {"test", "", is_test_name},
};

}  // namespace

NativeTable test_table() {
  return {kTests, std::size(kTests)};
}

}  // namespace minnow
