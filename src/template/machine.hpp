// Machine: runs a TemplateProgram once. Its stacks live in the Evaluation's memory, so no template
// can drive the processor's stack deep.
#pragma once

#include <vector>

#include "template/loop_object.hpp"
#include "template/native.hpp"
#include "template/template_program.hpp"
#include "template/text_builder.hpp"

namespace minnow {

class Machine {
 public:
  Machine(const TemplateProgram& program, const Value& context, Evaluation& evaluation,
          MarkedText* output);
  // Runs to the end or to the first failure, which then waits in the Evaluation.
  bool run();

 private:
  using Handler = bool (Machine::*)(const Instruction& instruction);
  struct Binding {
    std::uint32_t name;
    Value value;
  };
  // Bindings from first_binding up to the next scope's; names not found there are looked up in
  // `parent`, which for a macro is where it was defined.
  struct Scope {
    std::uint32_t first_binding;
    std::uint32_t parent;
    std::uint32_t serial;  // tells whether a macro's scope is still the same one
  };
  struct Frame {
    std::uint32_t return_to;
    std::uint32_t n_scopes;
    std::uint32_t loop_depth;
  };

  static const Handler kHandlers[];

  // machine.cpp: stack, names, jumps, output
  bool op_constant(const Instruction& instruction);
  bool op_load(const Instruction& instruction);
  bool op_store(const Instruction& instruction);
  bool op_store_attribute(const Instruction& instruction);
  bool op_unpack(const Instruction& instruction);
  bool op_pop(const Instruction& instruction);
  bool op_duplicate_under(const Instruction& instruction);
  bool op_pop_under(const Instruction& instruction);
  bool op_jump(const Instruction& instruction);
  bool op_jump_if_false(const Instruction& instruction);
  bool op_jump_if_true(const Instruction& instruction);
  bool op_and_jump(const Instruction& instruction);
  bool op_or_jump(const Instruction& instruction);
  bool op_no_else(const Instruction& instruction);
  bool op_text(const Instruction& instruction);
  bool op_print(const Instruction& instruction);
  bool op_push_scope(const Instruction& instruction);
  bool op_pop_scope(const Instruction& instruction);
  bool op_capture(const Instruction& instruction);
  bool op_end_capture(const Instruction& instruction);
  bool op_drop_capture(const Instruction& instruction);
  bool op_end(const Instruction& instruction);
  // machine_values.cpp: operators, containers, access
  bool op_attribute(const Instruction& instruction);
  bool op_item(const Instruction& instruction);
  bool op_slice(const Instruction& instruction);
  bool op_unary(const Instruction& instruction);
  bool op_binary(const Instruction& instruction);
  bool op_compare(const Instruction& instruction);
  bool op_concat(const Instruction& instruction);
  bool op_build_list(const Instruction& instruction);
  bool op_build_dict(const Instruction& instruction);
  bool op_list_append(const Instruction& instruction);
  bool op_list_extend(const Instruction& instruction);
  bool op_dict_set(const Instruction& instruction);
  bool op_dict_merge(const Instruction& instruction);
  // machine_calls.cpp: filters, tests, calls, macros, loops
  bool op_filter(const Instruction& instruction);
  bool op_test(const Instruction& instruction);
  bool op_unknown_filter(const Instruction& instruction);
  bool op_unknown_test(const Instruction& instruction);
  bool op_call(const Instruction& instruction);
  bool op_call_method(const Instruction& instruction);
  bool op_macro(const Instruction& instruction);
  bool op_skip_if_given(const Instruction& instruction);
  bool op_return(const Instruction& instruction);
  bool op_loop_begin(const Instruction& instruction);
  bool op_loop_next(const Instruction& instruction);
  bool op_loop_accept(const Instruction& instruction);
  bool op_loop_keep(const Instruction& instruction);
  bool op_loop_bind(const Instruction& instruction);
  bool op_loop_end(const Instruction& instruction);
  bool op_call_loop(const Instruction& instruction);

  struct SplatArguments;
  bool spread(const Value& list, const Value& dict, SplatArguments* spread);
  bool with_arguments(const Instruction& instruction, Arguments* arguments, SplatArguments* splat);
  bool call_value(const Value& callee, const Arguments& arguments, std::size_t n_consumed);
  bool call_macro(const Value& callee, const Arguments& arguments, std::size_t n_consumed);
  bool bind_extra(const MacroShape& shape, const Arguments& arguments);
  bool bind_extra_keywords(const MacroShape& shape, const Arguments& arguments);
  bool call_loop(std::uint32_t entry, std::uint32_t scope, std::uint32_t serial, Value items,
                 std::uint32_t depth);
  bool enter_frame(std::uint32_t entry, std::uint32_t scope, std::uint32_t serial,
                   std::uint32_t loop_depth);
  bool attribute(const Value& object, std::string_view name, std::uint32_t name_id, Value* out);
  bool print(const Value& value);
  bool print_text(const MarkedText& text);
  void bind(std::uint32_t name, Value value);
  const Value* find_binding(std::uint32_t name);
  void drop_scopes(std::size_t n_left);
  void push(Value value) { stack_.push_back(std::move(value)); }
  Value pop() {
    Value value = std::move(stack_.back());
    stack_.pop_back();
    return value;
  }
  Value& top(std::size_t below = 0) { return stack_[stack_.size() - 1 - below]; }
  void drop(std::size_t n) { stack_.resize(stack_.size() - n); }
  LoopObject& loop_on_top() { return *static_cast<LoopObject*>(top().object()); }

  const TemplateProgram& program_;
  const Value& context_;
  Evaluation& evaluation_;
  MarkedText* output_;
  std::uint32_t at_ = 0;  // the next instruction
  bool ended_ = false;
  std::pmr::vector<Value> stack_;
  std::pmr::vector<Binding> bindings_;
  std::pmr::vector<Scope> scopes_;
  std::pmr::vector<Frame> frames_;
  std::pmr::vector<TextBuilder> captures_;
  std::uint32_t next_serial_ = 0;
};

}  // namespace minnow
