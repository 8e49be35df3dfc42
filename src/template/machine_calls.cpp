// Filters, tests, calls, macros and loops. Calling a macro pushes a Frame; nothing here recurses.
#include <algorithm>

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/machine.hpp"
#include "template/value_text.hpp"

namespace minnow {

// Where the arguments of f(*a, **k) lie during the call.
struct Machine::SplatArguments {
  explicit SplatArguments(Evaluation& evaluation) : keywords(&evaluation), values(&evaluation) {}
  Value list;
  Value dict;
  std::pmr::vector<std::string_view> keywords;
  std::pmr::vector<Value> values;
};

bool Machine::with_arguments(const Instruction& instruction, Arguments* arguments,
                             SplatArguments* splat) {
  const CallShape& shape = program_.shapes[instruction.b];
  if (!shape.splat) {
    const Value* first = stack_.data() + stack_.size() - shape.n_values();
    *arguments = {first, shape.n_positional, shape.keyword_texts.data(), first + shape.n_positional,
                  shape.keywords.size()};
    return true;
  }
  splat->list = top(1);
  splat->dict = top();
  for (const DictEntry& entry : splat->dict.as_dict().entries) {
    splat->keywords.push_back(entry.key.as_text());
    splat->values.push_back(entry.value);
  }
  const auto& items = splat->list.as_list().items;
  *arguments = {items.data(), items.size(), splat->keywords.data(), splat->values.data(),
                splat->values.size()};
  return evaluation_.charge(items.size() + splat->values.size());
}

bool Machine::op_filter(const Instruction& instruction) {
  Arguments arguments;
  SplatArguments splat(evaluation_);
  if (!with_arguments(instruction, &arguments, &splat)) return false;
  const std::size_t n = program_.shapes[instruction.b].n_values();
  Value result;
  const NativeRow& row = filter_row(static_cast<int>(instruction.a));
  if (!run_native(evaluation_, row, top(n), arguments, &result)) return false;
  drop(n);
  top() = std::move(result);
  return true;
}

bool Machine::op_test(const Instruction& instruction) {
  Arguments arguments;
  SplatArguments splat(evaluation_);
  if (!with_arguments(instruction, &arguments, &splat)) return false;
  const std::size_t n = program_.shapes[instruction.b].n_values();
  Value result;
  const NativeRow& row = test_row(static_cast<int>(instruction.a));
  if (!run_native(evaluation_, row, top(n), arguments, &result)) return false;
  drop(n);
  top() = std::move(result);
  return true;
}

bool Machine::op_unknown_filter(const Instruction& instruction) {
  return evaluation_.fail(StatusCode::kUnsupported, "filter '", program_.names[instruction.a],
                          "' is not supported");
}

bool Machine::op_unknown_test(const Instruction& instruction) {
  return evaluation_.fail(StatusCode::kUnsupported, "test '", program_.names[instruction.a],
                          "' is not supported");
}

bool Machine::op_call(const Instruction& instruction) {
  Arguments arguments;
  SplatArguments splat(evaluation_);
  if (!with_arguments(instruction, &arguments, &splat)) return false;
  const std::size_t n = program_.shapes[instruction.b].n_values();
  const Value callee = top(n);
  return call_value(callee, arguments, n + 1);
}

bool Machine::op_call_method(const Instruction& instruction) {
  Arguments arguments;
  SplatArguments splat(evaluation_);
  if (!with_arguments(instruction, &arguments, &splat)) return false;
  const std::size_t n = program_.shapes[instruction.b].n_values();
  const std::string& name = program_.names[instruction.a];
  const NativeTable methods = methods_of(top(n));
  const int method = find_native(methods, name);
  if (method < 0) {
    Value callee;
    return attribute(top(n), name, instruction.a, &callee) && call_value(callee, arguments, n + 1);
  }
  Value result;
  if (!run_native(evaluation_, methods.rows[method], top(n), arguments, &result)) return false;
  drop(n);
  top() = std::move(result);
  return true;
}

// Replaces the n_consumed values on top of the stack by the call's result, now or when the macro
// returns. `arguments` may lie among them.
bool Machine::call_value(const Value& callee, const Arguments& arguments, std::size_t n_consumed) {
  Value result;
  if (callee.is(Kind::kMacro)) return call_macro(callee, arguments, n_consumed);
  if (callee.is(Kind::kLoop)) {
    const auto& loop = *static_cast<LoopObject*>(callee.object());
    if (loop.entry == 0) return evaluation_.refuse("the loop is not recursive");
    if (arguments.n_positional != 1) return evaluation_.refuse("loop() takes one argument");
    Value items = arguments.positional[0];
    drop(n_consumed);
    return call_loop(loop.entry, loop.scope, loop.serial, std::move(items), loop.depth0 + 1);
  }
  if (callee.is(Kind::kFunction)) {
    const NativeRow& row = global_functions().rows[callee.as_int()];
    if (!run_native(evaluation_, row, callee, arguments, &result)) return false;
  } else if (callee.is(Kind::kMethod)) {
    const auto& method = *static_cast<MethodObject*>(callee.object());
    if (!run_native(evaluation_, *method.row, method.self, arguments, &result)) return false;
  } else if (callee.is(Kind::kJoiner)) {
    auto& joiner = *static_cast<JoinerObject*>(callee.object());
    result = joiner.used ? joiner.separator : Value::string("", false, &evaluation_);
    joiner.used = true;
  } else if (callee.is(Kind::kUndefined)) {
    return evaluation_.refuse_undefined(callee);
  } else {
    return evaluation_.refuse("'", type_name(callee), "' object is not callable");
  }
  drop(n_consumed);
  push(std::move(result));
  return true;
}

bool Machine::enter_frame(std::uint32_t entry, std::uint32_t scope, std::uint32_t serial,
                          std::uint32_t loop_depth) {
  if (frames_.size() > evaluation_.limits().max_calls) {
    return evaluation_.fail(StatusCode::kUnsupported, "macros call each other more than ",
                            evaluation_.limits().max_calls, " levels deep");
  }
  frames_.push_back({at_, static_cast<std::uint32_t>(scopes_.size()), loop_depth});
  // A macro whose scope is gone still sees the outermost one.
  const bool alive = scope < scopes_.size() && scopes_[scope].serial == serial;
  scopes_.push_back(
      {static_cast<std::uint32_t>(bindings_.size()), alive ? scope : 0, next_serial_++});
  captures_.emplace_back(evaluation_);
  at_ = entry;
  return true;
}

bool Machine::call_macro(const Value& callee, const Arguments& arguments, std::size_t n_consumed) {
  const auto& macro = *static_cast<MacroObject*>(callee.object());
  const MacroShape& shape = program_.macros[macro.macro];
  const Value keep = callee;
  if (!evaluation_.charge(shape.parameters.size())) return false;
  if (!enter_frame(shape.entry, macro.scope, macro.serial, 0)) return false;
  for (std::size_t i = 0; i < shape.parameters.size(); ++i) {
    const std::uint32_t name = shape.parameters[i];
    const std::string_view* end = arguments.keywords + arguments.n_keywords;
    const std::string_view* keyword =
        std::find(arguments.keywords, end, std::string_view(program_.names[name]));
    const bool positional = i < arguments.n_positional;
    if (positional && keyword != end) {
      return evaluation_.refuse("macro got several values for argument '", *keyword, "'");
    }
    bind(name, positional       ? arguments.positional[i]
               : keyword != end ? arguments.keyword_values[keyword - arguments.keywords]
                                : Value::undefined(Absence::kMissingArgument, name));
  }
  if (!bind_extra(shape, arguments) || !bind_extra_keywords(shape, arguments)) return false;
  drop(n_consumed);
  return true;
}

bool Machine::bind_extra(const MacroShape& shape, const Arguments& arguments) {
  const std::size_t n = shape.parameters.size();
  if (arguments.n_positional > n && !shape.uses_varargs) {
    return evaluation_.refuse("macro '", program_.names[shape.name], "' takes not more than ", n,
                              " arguments");
  }
  if (!shape.uses_varargs) return true;
  Value extra = make_list(evaluation_, ListFlavor::kTuple);
  for (std::size_t i = n; i < arguments.n_positional; ++i) extra.append(arguments.positional[i]);
  bind(program_.name_varargs, std::move(extra));
  return true;
}

bool Machine::bind_extra_keywords(const MacroShape& shape, const Arguments& arguments) {
  Value extra = Value::dict(&evaluation_);
  bool called = std::find(shape.parameters.begin(), shape.parameters.end(), program_.name_caller) !=
                shape.parameters.end();
  for (std::size_t i = 0; i < arguments.n_keywords; ++i) {
    const std::string_view name = arguments.keywords[i];
    const bool known = std::any_of(
        shape.parameters.begin(), shape.parameters.end(),
        [this, name](std::uint32_t parameter) { return program_.names[parameter] == name; });
    if (known) continue;
    if (name == "caller" && shape.uses_caller) {
      bind(program_.name_caller, arguments.keyword_values[i]);
      called = true;
    } else if (shape.uses_kwargs) {
      extra.set(name, arguments.keyword_values[i]);
    } else {
      return evaluation_.refuse("macro '", program_.names[shape.name],
                                "' takes no keyword argument '", name, "'");
    }
  }
  if (shape.uses_caller && !called) {
    bind(program_.name_caller, Value::undefined(Absence::kName, program_.name_caller));
  }
  if (shape.uses_kwargs) bind(program_.name_kwargs, std::move(extra));
  return true;
}

bool Machine::op_macro(const Instruction& instruction) {
  const auto scope = static_cast<std::uint32_t>(scopes_.size() - 1);
  push(Value::adopt(Kind::kMacro, make_object<MacroObject>(&evaluation_, instruction.a, scope,
                                                           scopes_.back().serial)));
  return true;
}

bool Machine::op_skip_if_given(const Instruction& instruction) {
  for (std::size_t i = bindings_.size(); i > scopes_.back().first_binding; --i) {
    const Binding& binding = bindings_[i - 1];
    if (binding.name != instruction.a) continue;
    if (is_given(binding.value)) at_ = instruction.b;
    break;
  }
  return true;
}

bool Machine::op_return(const Instruction& instruction) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  drop_scopes(frame.n_scopes);
  at_ = frame.return_to;
  return op_end_capture(instruction);
}

bool Machine::op_loop_begin(const Instruction& instruction) {
  Value items;
  if (!to_items(evaluation_, top(), &items)) return false;
  auto* loop = make_object<LoopObject>(&evaluation_, std::move(items));
  loop->depth0 = frames_.back().loop_depth;
  loop->entry = instruction.a;
  const Scope& around = scopes_.back();
  // A recursive loop runs in the scope of its own call; the one it stands in is that scope's
  // parent.
  loop->scope = instruction.a == 0 ? 0 : around.parent;
  loop->serial = scopes_[loop->scope].serial;
  top() = Value::adopt(Kind::kLoop, loop);
  return true;
}

bool Machine::op_loop_next(const Instruction& instruction) {
  LoopObject& loop = loop_on_top();
  if (loop.next >= loop.length()) {
    at_ = instruction.a;
    return true;
  }
  ++loop.next;
  if (!instruction.flag) loop.accept();
  push(loop.source.as_list().items[loop.next - 1]);
  return true;
}

bool Machine::op_loop_accept(const Instruction&) {
  loop_on_top().accept();
  return true;
}

bool Machine::op_loop_keep(const Instruction&) {
  return push_item(evaluation_, top(1).as_list(), loop_on_top().current);
}

bool Machine::op_loop_bind(const Instruction&) {
  bind(program_.name_loop, top());
  return true;
}

bool Machine::op_loop_end(const Instruction&) {
  top() = Value::boolean(loop_on_top().index0 < 0);
  return true;
}

bool Machine::call_loop(std::uint32_t entry, std::uint32_t scope, std::uint32_t serial, Value items,
                        std::uint32_t depth) {
  if (!enter_frame(entry, scope, serial, depth)) return false;
  push(std::move(items));
  return true;
}

bool Machine::op_call_loop(const Instruction& instruction) {
  const auto scope = static_cast<std::uint32_t>(scopes_.size() - 1);
  const std::uint32_t serial = scopes_.back().serial;
  return call_loop(instruction.a, scope, serial, pop(), 0);
}

}  // namespace minnow
