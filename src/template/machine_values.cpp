// The instructions that compute: operators, containers, attributes and slices.
#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/machine.hpp"
#include "template/value_text.hpp"

namespace minnow {

bool Machine::attribute(const Value& object, std::string_view name, std::uint32_t name_id,
                        Value* out) {
  if (object.is(Kind::kMacro)) {
    const auto& macro = program_.macros[static_cast<MacroObject*>(object.object())->macro];
    if (name == "name") {
      *out = Value::string(program_.names[macro.name], false, &evaluation_);
      return true;
    }
  }
  return get_attribute(evaluation_, object, name, name_id, out);
}

bool Machine::op_attribute(const Instruction& instruction) {
  Value result;
  if (!attribute(top(), program_.names[instruction.a], instruction.a, &result)) return false;
  top() = std::move(result);
  return true;
}

bool Machine::op_item(const Instruction&) {
  Value result;
  if (!get_item(evaluation_, top(1), top(), &result)) return false;
  drop(1);
  top() = std::move(result);
  return true;
}

bool Machine::op_slice(const Instruction&) {
  Value result;
  if (!get_slice(evaluation_, top(3), &top(2), &result)) return false;
  drop(3);
  top() = std::move(result);
  return true;
}

bool Machine::op_unary(const Instruction& instruction) {
  const auto op = static_cast<Operator>(instruction.a);
  Value result;
  if (op == Operator::kNot) {
    result = Value::boolean(!truth(top()));
  } else if (!negate(evaluation_, top(), op == Operator::kNegate, &result)) {
    return false;
  }
  top() = std::move(result);
  return true;
}

bool Machine::op_binary(const Instruction& instruction) {
  Value result;
  if (!arithmetic(evaluation_, static_cast<int>(instruction.a), top(1), top(), &result)) {
    return false;
  }
  drop(1);
  top() = std::move(result);
  return true;
}

bool Machine::op_compare(const Instruction& instruction) {
  const auto op = static_cast<Operator>(instruction.a);
  const Value& a = top(1);
  const Value& b = top();
  bool result = false;
  if (op == Operator::kEqual || op == Operator::kNotEqual) {
    if (!equal(evaluation_, a, b, &result)) return false;
    result = result == (op == Operator::kEqual);
  } else if (op == Operator::kIn || op == Operator::kNotIn) {
    if (!contains(evaluation_, b, a, &result)) return false;
    result = result == (op == Operator::kIn);
  } else {
    static constexpr std::string_view kSigns[] = {"<", "<=", ">", ">="};
    const int which = static_cast<int>(op) - static_cast<int>(Operator::kLess);
    int sign = 0;
    if (!order(evaluation_, a, b, kSigns[which], &sign)) return false;
    result = which == 0   ? sign < 0
             : which == 1 ? sign <= 0
             : which == 2 ? sign == 1
                          : sign == 0 || sign == 1;
  }
  drop(1);
  top() = Value::boolean(result);
  return true;
}

bool Machine::op_concat(const Instruction& instruction) {
  TextBuilder text(evaluation_);
  for (std::uint32_t i = instruction.a; i > 0; --i) {
    if (!append_str(text, top(i - 1))) return false;
  }
  drop(instruction.a);
  Value result;
  text.finish(&result);
  push(std::move(result));
  return true;
}

bool Machine::op_build_list(const Instruction& instruction) {
  const bool tuple = instruction.code == Opcode::kBuildTuple;
  Value result = make_list(evaluation_, tuple ? ListFlavor::kTuple : ListFlavor::kList);
  if (!evaluation_.room_for_items(instruction.a)) return false;
  auto& items = result.as_list().items;
  items.reserve(instruction.a);
  for (std::uint32_t i = instruction.a; i > 0; --i) items.push_back(std::move(top(i - 1)));
  drop(instruction.a);
  push(std::move(result));
  return true;
}

bool Machine::op_build_dict(const Instruction& instruction) {
  Value result = Value::dict(&evaluation_);
  const std::size_t n = 2 * std::size_t{instruction.a};
  if (!evaluation_.room_for_items(n)) return false;
  for (std::size_t i = n; i > 0; i -= 2) {
    if (!is_key(top(i - 1))) {
      return evaluation_.refuse("unhashable type: '", type_name(top(i - 1)), "'");
    }
    result.as_dict().set(std::move(top(i - 1)), std::move(top(i - 2)));
  }
  drop(n);
  push(std::move(result));
  return true;
}

bool Machine::op_list_append(const Instruction&) {
  if (!push_item(evaluation_, top(1).as_list(), top())) return false;
  drop(1);
  return true;
}

bool Machine::op_list_extend(const Instruction&) {
  Value items;
  if (!to_items(evaluation_, top(), &items)) return false;
  for (const Value& item : items.as_list().items) {
    if (!push_item(evaluation_, top(1).as_list(), item)) return false;
  }
  drop(1);
  return true;
}

bool Machine::op_dict_set(const Instruction& instruction) {
  top(1).as_dict().set(Value::string(program_.names[instruction.a], false, &evaluation_), top());
  drop(1);
  return true;
}

bool Machine::op_dict_merge(const Instruction&) {
  if (!top().is(Kind::kDict)) return evaluation_.refuse("argument behind ** must be a dict");
  for (const DictEntry& entry : top().as_dict().entries) {
    if (!entry.key.is(Kind::kString)) return evaluation_.refuse("keywords must be strings");
    if (!evaluation_.charge(2)) return false;
    top(1).as_dict().set(entry.key, entry.value);
  }
  drop(1);
  return true;
}

}  // namespace minnow
