// The arithmetic operators, with Python's rules: / gives floats, // and % round down, + joins, *
// repeats, % formats. Integers are 64 bits; what would be longer is refused.
#include <cmath>

#include "template/iteration.hpp"
#include "template/syntax_tree.hpp"
#include "template/value_text.hpp"

namespace minnow {
namespace {

bool overflow(Evaluation& evaluation) {
  return evaluation.fail(StatusCode::kUnsupported, "integers beyond 64 bits are not supported");
}

bool integer_power(Evaluation& evaluation, std::int64_t base, std::int64_t exponent,
                   std::int64_t* out) {
  std::int64_t result = 1;
  if (base == 0 || base == 1 || base == -1) {
    result = base == -1 && exponent % 2 == 0 ? 1 : exponent == 0 ? 1 : base;
    exponent = 0;
  }
  for (; exponent > 0; --exponent) {  // at most 63 rounds before it overflows
    if (__builtin_mul_overflow(result, base, &result)) return overflow(evaluation);
  }
  *out = result;
  return true;
}

bool integers(Evaluation& evaluation, Operator op, std::int64_t a, std::int64_t b, Value* out) {
  std::int64_t result = 0;
  bool fits = true;
  switch (op) {
    case Operator::kAdd:
      fits = !__builtin_add_overflow(a, b, &result);
      break;
    case Operator::kSubtract:
      fits = !__builtin_sub_overflow(a, b, &result);
      break;
    case Operator::kMultiply:
      fits = !__builtin_mul_overflow(a, b, &result);
      break;
    case Operator::kPower:
      if (!integer_power(evaluation, a, b, &result)) return false;
      break;
    default: {
      if (b == 0) return evaluation.refuse("division by zero");
      if (b == -1) {  // INT64_MIN / -1 would trap
        fits = op == Operator::kModulo || !__builtin_sub_overflow(0, a, &result);
        break;
      }
      std::int64_t rest = a % b;
      std::int64_t quotient = a / b;
      if (rest != 0 && (rest < 0) != (b < 0)) {
        rest += b;
        --quotient;
      }
      result = op == Operator::kModulo ? rest : quotient;
    }
  }
  if (!fits) return overflow(evaluation);
  *out = Value::integer(result);
  return true;
}

bool floats(Evaluation& evaluation, Operator op, double a, double b, Value* out) {
  double result = 0;
  switch (op) {
    case Operator::kAdd:
      result = a + b;
      break;
    case Operator::kSubtract:
      result = a - b;
      break;
    case Operator::kMultiply:
      result = a * b;
      break;
    case Operator::kPower:
      if (a == 0 && b < 0) return evaluation.refuse("0.0 cannot be raised to a negative power");
      if (a < 0 && b != std::floor(b))
        return evaluation.refuse("complex numbers are not supported");
      result = std::pow(a, b);
      break;
    default:
      if (b == 0) return evaluation.refuse("division by zero");
      result = a / b;
      if (op == Operator::kDivide) break;
      double rest = std::fmod(a, b);
      if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
      if (rest == 0) rest = std::copysign(0.0, b);
      if (op == Operator::kFloorDivide) {
        const double quotient = (a - rest) / b;
        result = std::floor(quotient);
        if (quotient - result > 0.5) result += 1;
      } else {
        result = rest;
      }
  }
  *out = Value::number(result);
  return true;
}

bool numbers(Evaluation& evaluation, Operator op, const Value& a, const Value& b, Value* out) {
  const bool exact = a.is_integral() && b.is_integral() && op != Operator::kDivide &&
                     !(op == Operator::kPower && b.as_int() < 0);
  if (!(exact ? integers(evaluation, op, a.as_int(), b.as_int(), out)
              : floats(evaluation, op, a.as_double(), b.as_double(), out))) {
    return false;
  }
  *out = std::move(*out).with_mark(a.is_marked_scalar() || b.is_marked_scalar());
  return true;
}

bool join_strings(Evaluation& evaluation, const Value& a, const Value& b, Value* out) {
  TextBuilder text(evaluation);
  const bool markup = a.is_markup() || b.is_markup();
  if (!markup && !text.reserve(a.as_text().size() + b.as_text().size())) return false;
  for (const Value* part : {&a, &b}) {
    const bool escape = markup && !part->is_markup();
    if (!(escape ? append_escaped(text, part->as_marked()) : text.append(part->as_marked()))) {
      return false;
    }
  }
  text.finish(out);
  if (markup) out->set_markup();
  return true;
}

bool join_lists(Evaluation& evaluation, const ListObject& a, const ListObject& b, Value* out) {
  const std::size_t n = a.items.size() + b.items.size();
  if (!evaluation.room_for_items(n)) return false;
  *out = make_list(evaluation, a.flavor);
  auto& items = out->as_list().items;
  items.reserve(n);
  items.insert(items.end(), a.items.begin(), a.items.end());
  items.insert(items.end(), b.items.begin(), b.items.end());
  return true;
}

bool repeat(Evaluation& evaluation, const Value& value, std::int64_t times, Value* out) {
  const auto n = static_cast<std::size_t>(times < 0 ? 0 : times);
  if (value.is(Kind::kString)) {
    const MarkedText& unit = value.as_marked();
    std::size_t size = 0;
    if (__builtin_mul_overflow(unit.size(), n, &size)) size = SIZE_MAX;
    TextBuilder text(evaluation);
    if (!text.reserve(size)) return false;
    for (std::size_t i = 0; size > 0 && i < n; ++i) {
      if (!text.append(unit)) return false;
    }
    return text.finish(out);
  }
  const ListObject& list = value.as_list();
  std::size_t size = 0;
  if (__builtin_mul_overflow(list.items.size(), n, &size)) size = SIZE_MAX;
  if (!evaluation.room_for_items(size)) return false;
  *out = make_list(evaluation, list.flavor);
  auto& items = out->as_list().items;
  items.reserve(size);
  for (std::size_t i = 0; size > 0 && i < n; ++i) {
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return true;
}

bool is_plain_list(const Value& value) {
  return value.is(Kind::kList) && (value.as_list().flavor == ListFlavor::kList ||
                                   value.as_list().flavor == ListFlavor::kTuple);
}

std::string_view sign_of(Operator op) {
  static constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "//", "%", "**"};
  return kSigns[static_cast<int>(op)];
}

}  // namespace

bool arithmetic(Evaluation& evaluation, int op_number, const Value& a, const Value& b, Value* out) {
  const auto op = static_cast<Operator>(op_number);
  if (a.is_number() && b.is_number()) return numbers(evaluation, op, a, b, out);
  if (op == Operator::kAdd) {
    if (a.is(Kind::kString) && b.is(Kind::kString)) return join_strings(evaluation, a, b, out);
    if (is_plain_list(a) && is_plain_list(b) && a.as_list().flavor == b.as_list().flavor) {
      return join_lists(evaluation, a.as_list(), b.as_list(), out);
    }
  }
  if (op == Operator::kMultiply) {
    if ((a.is(Kind::kString) || is_plain_list(a)) && b.is_integral()) {
      return repeat(evaluation, a, b.as_int(), out);
    }
    if ((b.is(Kind::kString) || is_plain_list(b)) && a.is_integral()) {
      return repeat(evaluation, b, a.as_int(), out);
    }
  }
  if (op == Operator::kModulo && a.is(Kind::kString)) return percent_format(evaluation, a, b, out);
  if (a.is(Kind::kUndefined)) return evaluation.refuse_undefined(a);
  if (b.is(Kind::kUndefined)) return evaluation.refuse_undefined(b);
  if (op == Operator::kAdd && a.is(Kind::kString)) {
    return evaluation.refuse("can only concatenate str (not \"", type_name(b), "\") to str");
  }
  return evaluation.refuse("unsupported operand types for ", sign_of(op), ": '", type_name(a),
                           "' and '", type_name(b), "'");
}

bool negate(Evaluation& evaluation, const Value& a, bool minus, Value* out) {
  if (a.is(Kind::kUndefined)) return evaluation.refuse_undefined(a);
  if (!a.is_number()) {
    return evaluation.refuse("bad operand type for unary ", minus ? "-" : "+", ": '", type_name(a),
                             "'");
  }
  if (a.is_integral()) {
    std::int64_t result = a.as_int();
    if (minus && __builtin_sub_overflow(0, result, &result)) return overflow(evaluation);
    *out = Value::integer(result);
  } else {
    *out = Value::number(minus ? -a.as_double() : a.as_double());
  }
  *out = std::move(*out).with_mark(a.is_marked_scalar());
  return true;
}

}  // namespace minnow
