// Dispatch, and the instructions for stack, names, jumps and output.
#include "template/machine.hpp"

#include "template/dict_object.hpp"
#include "template/iteration.hpp"
#include "template/value_text.hpp"

namespace minnow {

// In the order of Opcode.
const Machine::Handler Machine::kHandlers[] = {
    &Machine::op_constant,
    &Machine::op_load,
    &Machine::op_store,
    &Machine::op_store_attribute,
    &Machine::op_unpack,
    &Machine::op_pop,
    &Machine::op_duplicate_under,
    &Machine::op_pop_under,
    &Machine::op_attribute,
    &Machine::op_item,
    &Machine::op_slice,
    &Machine::op_unary,
    &Machine::op_binary,
    &Machine::op_compare,
    &Machine::op_concat,
    &Machine::op_build_list,
    &Machine::op_build_list,
    &Machine::op_build_dict,
    &Machine::op_list_append,
    &Machine::op_list_extend,
    &Machine::op_dict_set,
    &Machine::op_dict_merge,
    &Machine::op_filter,
    &Machine::op_test,
    &Machine::op_unknown_filter,
    &Machine::op_unknown_test,
    &Machine::op_call,
    &Machine::op_call_method,
    &Machine::op_jump,
    &Machine::op_jump_if_false,
    &Machine::op_jump_if_true,
    &Machine::op_and_jump,
    &Machine::op_or_jump,
    &Machine::op_no_else,
    &Machine::op_text,
    &Machine::op_print,
    &Machine::op_push_scope,
    &Machine::op_pop_scope,
    &Machine::op_capture,
    &Machine::op_end_capture,
    &Machine::op_drop_capture,
    &Machine::op_loop_begin,
    &Machine::op_loop_next,
    &Machine::op_loop_accept,
    &Machine::op_loop_keep,
    &Machine::op_loop_bind,
    &Machine::op_loop_end,
    &Machine::op_call_loop,
    &Machine::op_macro,
    &Machine::op_skip_if_given,
    &Machine::op_return,
    &Machine::op_end,
};

Machine::Machine(const TemplateProgram& program, const Value& context, Evaluation& evaluation,
                 MarkedText* output)
    : program_(program),
      context_(context),
      evaluation_(evaluation),
      output_(output),
      stack_(&evaluation),
      bindings_(&evaluation),
      scopes_(&evaluation),
      frames_(&evaluation),
      captures_(&evaluation) {
  static_assert(std::size(kHandlers) == static_cast<std::size_t>(Opcode::kEnd) + 1);
  scopes_.push_back({0, 0, next_serial_++});
  frames_.push_back({0, 0, 0});
}

bool Machine::run() {
  while (!ended_) {
    const std::uint32_t here = at_++;
    const Instruction& instruction = program_.code[here];
    const Handler handler = kHandlers[static_cast<std::size_t>(instruction.code)];
    if (evaluation_.charge(1) && (this->*handler)(instruction) && evaluation_.room_for(0)) continue;
    evaluation_.locate(program_.positions[here].line, program_.positions[here].column);
    return false;
  }
  return true;
}

bool Machine::op_end(const Instruction&) {
  ended_ = true;
  return true;
}

bool Machine::op_constant(const Instruction& instruction) {
  push(program_.constants[instruction.a]);
  return true;
}

const Value* Machine::find_binding(std::uint32_t name) {
  std::size_t scope = scopes_.size() - 1;
  while (true) {
    const std::size_t first = scopes_[scope].first_binding;
    std::size_t last =
        scope + 1 < scopes_.size() ? scopes_[scope + 1].first_binding : bindings_.size();
    if (!evaluation_.charge((last - first) / 16)) return nullptr;
    for (; last > first; --last) {
      if (bindings_[last - 1].name == name) return &bindings_[last - 1].value;
    }
    if (scope == 0) return nullptr;
    scope = scopes_[scope].parent;
  }
}

bool Machine::op_load(const Instruction& instruction) {
  if (const Value* found = find_binding(instruction.a)) {
    push(*found);
    return true;
  }
  const std::string& name = program_.names[instruction.a];
  if (context_.is(Kind::kDict)) {
    if (const Value* found = context_.as_dict().find(std::string_view(name))) {
      push(*found);
      return true;
    }
  }
  const int global = find_native(global_functions(), name);
  push(global >= 0 ? Value::function(global) : Value::undefined(Absence::kName, instruction.a));
  return !evaluation_.failed();
}

void Machine::bind(std::uint32_t name, Value value) {
  for (std::size_t i = bindings_.size(); i > scopes_.back().first_binding; --i) {
    if (bindings_[i - 1].name != name) continue;
    bindings_[i - 1].value = std::move(value);
    return;
  }
  bindings_.push_back({name, std::move(value)});
}

bool Machine::op_store(const Instruction& instruction) {
  if (!evaluation_.charge((bindings_.size() - scopes_.back().first_binding) / 16)) return false;
  bind(instruction.a, pop());
  return true;
}

bool Machine::op_store_attribute(const Instruction& instruction) {
  const Value* target = find_binding(instruction.a);
  if (target == nullptr && context_.is(Kind::kDict)) {
    target = context_.as_dict().find(std::string_view(program_.names[instruction.a]));
  }
  if (target == nullptr || !target->is(Kind::kNamespace)) {
    return evaluation_.refuse("cannot assign attribute '", program_.names[instruction.b], "': '",
                              program_.names[instruction.a], "' is not a namespace");
  }
  auto& space = *static_cast<NamespaceObject*>(target->object());
  DictObject& attributes = space.attributes.as_dict();
  attributes.set(Value::string(program_.names[instruction.b], false, &evaluation_), pop());
  return true;
}

bool Machine::op_unpack(const Instruction& instruction) {
  Value items;
  if (!to_items(evaluation_, top(), &items)) return false;
  const auto& values = items.as_list().items;
  if (values.size() != instruction.a) {
    return evaluation_.refuse("cannot unpack ", values.size(), " values into ", instruction.a,
                              " names");
  }
  drop(1);
  for (std::size_t i = values.size(); i > 0; --i) push(values[i - 1]);
  return true;
}

bool Machine::op_pop(const Instruction&) {
  drop(1);
  return true;
}

bool Machine::op_duplicate_under(const Instruction&) {
  Value copy = top();
  push(copy);
  top(1) = std::move(top(2));
  top(2) = std::move(copy);
  return true;
}

bool Machine::op_pop_under(const Instruction&) {
  top(1) = std::move(top());
  drop(1);
  return true;
}

bool Machine::op_jump(const Instruction& instruction) {
  at_ = instruction.a;
  return true;
}

bool Machine::op_jump_if_false(const Instruction& instruction) {
  if (!truth(pop())) at_ = instruction.a;
  return true;
}

bool Machine::op_jump_if_true(const Instruction& instruction) {
  if (truth(pop())) at_ = instruction.a;
  return true;
}

bool Machine::op_and_jump(const Instruction& instruction) {
  if (truth(top())) {
    drop(1);
  } else {
    at_ = instruction.a;
  }
  return true;
}

bool Machine::op_or_jump(const Instruction& instruction) {
  if (truth(top())) {
    at_ = instruction.a;
  } else {
    drop(1);
  }
  return true;
}

bool Machine::op_no_else(const Instruction&) {
  push(Value::undefined(Absence::kNoElse, 0));
  return true;
}

bool Machine::print_text(const MarkedText& text) {
  if (!captures_.empty())
    return captures_.back().append(text) && evaluation_.charge_bytes(text.size());
  const TemplateLimits& limits = evaluation_.limits();
  if (text.size() > limits.max_output_bytes - output_->size() ||
      output_->spans().size() > 2 * limits.max_items) {
    return evaluation_.fail(StatusCode::kOutOfMemory, "the output would be longer than ",
                            limits.max_output_bytes, " bytes");
  }
  output_->append(text);
  return evaluation_.charge_bytes(text.size());
}

bool Machine::print(const Value& value) {
  if (value.is(Kind::kString)) return print_text(value.as_marked());
  if (value.is(Kind::kUndefined)) return true;
  TextBuilder text(evaluation_);
  return append_str(text, value) && print_text(text.text());
}

bool Machine::op_text(const Instruction& instruction) {
  return print_text(program_.constants[instruction.a].as_marked());
}

bool Machine::op_print(const Instruction&) {
  return print(pop());
}

bool Machine::op_push_scope(const Instruction&) {
  scopes_.push_back({static_cast<std::uint32_t>(bindings_.size()),
                     static_cast<std::uint32_t>(scopes_.size() - 1), next_serial_++});
  return true;
}

void Machine::drop_scopes(std::size_t n_left) {
  while (bindings_.size() > scopes_[n_left].first_binding) bindings_.pop_back();
  while (scopes_.size() > n_left) scopes_.pop_back();
}

bool Machine::op_pop_scope(const Instruction& instruction) {
  drop_scopes(scopes_.size() - instruction.a);
  return true;
}

bool Machine::op_capture(const Instruction&) {
  captures_.emplace_back(evaluation_);
  return true;
}

bool Machine::op_end_capture(const Instruction&) {
  Value text;
  captures_.back().finish(&text);
  captures_.pop_back();
  push(std::move(text));
  return true;
}

bool Machine::op_drop_capture(const Instruction& instruction) {
  for (std::uint32_t i = 0; i < instruction.a; ++i) captures_.pop_back();
  return true;
}

}  // namespace minnow
