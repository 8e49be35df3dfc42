// TemplateCompiler: the class behind compile_tree; compile_expression.cpp and compile_statement.cpp
// share it.
#pragma once

#include "template/template_compiler.hpp"

namespace minnow {

class TemplateCompiler {
 public:
  TemplateCompiler(SyntaxTree tree, TemplateProgram* program)
      : tree_(std::move(tree)), program_(*program) {}
  Status run();

 private:
  // Where break and continue of the innermost loop go, and what they leave behind on the way.
  struct LoopContext {
    std::uint32_t scopes;
    std::uint32_t captures;
    std::vector<std::uint32_t> breaks;     // jumps to patch
    std::vector<std::uint32_t> continues;  // jumps to patch
  };
  // Which special names the body of a macro mentions.
  struct MacroUse {
    bool varargs = false;
    bool kwargs = false;
    bool caller = false;
  };

  bool expression(NodeId id);
  bool spine_step(const SyntaxNode& node);
  bool simple_expression(const SyntaxNode& node);
  bool children(const SyntaxNode& node);
  bool compare(const SyntaxNode& node);
  bool logic(const SyntaxNode& node);
  bool choice(const SyntaxNode& node);
  bool slice_parts(const SyntaxNode& node);
  bool named_native(const SyntaxNode& node, bool filter);
  bool arguments(const SyntaxNode& node, std::uint32_t* shape);
  bool splat_arguments(const SyntaxNode& node, std::uint32_t* shape);
  bool call(const SyntaxNode& node, bool method, std::uint32_t method_name);

  bool statement(NodeId id);
  bool if_statement(const SyntaxNode& node);
  bool for_statement(const SyntaxNode& node);
  bool recursive_for(const SyntaxNode& node);
  bool loop(const SyntaxNode& node, std::uint32_t recursive_entry);
  bool loop_filter(const SyntaxNode& node);
  bool jump_statement(const SyntaxNode& node);
  bool set_block(const SyntaxNode& node);
  bool filter_block(const SyntaxNode& node);
  bool with_statement(const SyntaxNode& node);
  bool scoped(NodeId body);
  bool captured(NodeId body, NodeId filters);
  bool macro(NodeId id);
  bool assign(NodeId target);
  bool looks_ahead(std::uint32_t first_node, std::uint32_t end_node) const;

  std::uint32_t emit(Opcode code, std::uint32_t a = 0, std::uint32_t b = 0);
  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.code.size()); }
  void patch(std::uint32_t jump) { program_.code[jump].a = here(); }
  void push_scope();
  void pop_scope();
  bool fail(StatusCode code, SourcePosition at, std::string_view what, std::string_view name);
  const SyntaxNode& node(NodeId id) const { return tree_.nodes[id]; }

  SyntaxTree tree_;
  TemplateProgram& program_;
  SourcePosition at_;
  Status failure_;
  std::vector<LoopContext> loops_;
  std::vector<MacroUse> macro_uses_;
  std::uint32_t scopes_ = 0;
  std::uint32_t captures_ = 0;
};

}  // namespace minnow
