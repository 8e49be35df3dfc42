// Instructions for statements. Scopes follow Jinja: a loop's body, a with, a macro, a captured
// block have their own; an if has none.
#include "template/compiler_state.hpp"

namespace minnow {

Status compile_tree(SyntaxTree tree, TemplateProgram* program) {
  TemplateProgram made;
  MINNOW_TRY(TemplateCompiler(std::move(tree), &made).run());
  *program = std::move(made);
  return {};
}

Status TemplateCompiler::run() {
  program_.name_loop = tree_.name("loop");
  program_.name_caller = tree_.name("caller");
  program_.name_varargs = tree_.name("varargs");
  program_.name_kwargs = tree_.name("kwargs");
  program_.constants = std::move(tree_.constants);
  for (std::uint32_t n = 0; n < 4; ++n) {
    CallShape positional;
    positional.n_positional = n;
    program_.shapes.push_back(std::move(positional));
  }
  if (!statement(tree_.root)) return failure_;
  emit(Opcode::kEnd);
  for (CallShape& shape : program_.shapes) {
    for (const std::uint32_t name : shape.keywords) {
      shape.keyword_texts.push_back(tree_.names[name]);
    }
  }
  // The views in keyword_texts point into the names; moving the vector keeps them in place.
  program_.names = std::move(tree_.names);
  return {};
}

void TemplateCompiler::push_scope() {
  emit(Opcode::kPushScope);
  ++scopes_;
}

void TemplateCompiler::pop_scope() {
  emit(Opcode::kPopScope, 1);
  --scopes_;
}

bool TemplateCompiler::statement(NodeId id) {
  const SyntaxNode& top = node(id);
  at_ = top.at;
  switch (top.kind) {
    case NodeKind::kText:
      emit(Opcode::kText, top.a);
      return true;
    case NodeKind::kPrint:
    case NodeKind::kCallBlock:
      if (!expression(top.a)) return false;
      at_ = top.at;
      emit(Opcode::kPrint);
      return true;
    case NodeKind::kSequence:
      for (std::uint32_t i = 0; i < top.list_size; ++i) {
        if (!statement(tree_.list(top)[i])) return false;
      }
      return true;
    case NodeKind::kIf:
      return if_statement(top);
    case NodeKind::kFor:
      return for_statement(top);
    case NodeKind::kSet:
      return expression(top.b) && assign(top.a);
    case NodeKind::kSetBlock:
      return captured(top.c, top.b) && assign(top.a);
    case NodeKind::kMacro:
      if (!macro(id)) return false;
      emit(Opcode::kStore, top.a);
      return true;
    case NodeKind::kFilterBlock:
      if (!captured(top.b, top.a)) return false;
      emit(Opcode::kPrint);
      return true;
    case NodeKind::kWith:
      return with_statement(top);
    case NodeKind::kScope:
      return scoped(top.a);
    case NodeKind::kBreak:
    case NodeKind::kContinue:
      return jump_statement(top);
    default:
      return fail(StatusCode::kUnsupported, top.at, "this statement ", "");
  }
}

bool TemplateCompiler::if_statement(const SyntaxNode& top) {
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < top.list_size; i += 2) {
    if (!expression(tree_.list(top)[i])) return false;
    const std::uint32_t next = emit(Opcode::kJumpIfFalse);
    if (!statement(tree_.list(top)[i + 1])) return false;
    if (i + 2 < top.list_size || top.a != kNoNode) ends.push_back(emit(Opcode::kJump));
    patch(next);
  }
  if (top.a != kNoNode && !statement(top.a)) return false;
  for (const std::uint32_t end : ends) patch(end);
  return true;
}

bool TemplateCompiler::for_statement(const SyntaxNode& top) {
  if (top.flag) return recursive_for(top);
  if (!expression(top.b)) return false;
  at_ = top.at;
  return loop(top, 0);
}

// The loop is a function that is called with what it walks, first right here.
bool TemplateCompiler::recursive_for(const SyntaxNode& top) {
  const std::uint32_t over = emit(Opcode::kJump);
  const std::uint32_t entry = here();
  std::vector<LoopContext> outer_loops;
  outer_loops.swap(loops_);
  if (!loop(top, entry)) return false;
  loops_.swap(outer_loops);
  emit(Opcode::kReturn);
  patch(over);
  if (!expression(top.b)) return false;
  at_ = top.at;
  emit(Opcode::kCallLoop, entry);
  emit(Opcode::kPrint);
  return true;
}

// Whether the nodes of a loop's body ask its variable for what lies ahead (loop.last, loop.length
// …). Only then may the loop's condition be evaluated for all items before the first is walked.
bool TemplateCompiler::looks_ahead(std::uint32_t first, std::uint32_t end) const {
  static constexpr std::string_view kBehind[] = {"index",  "index0", "first",   "depth",
                                                 "depth0", "cycle",  "changed", "previtem"};
  std::uint32_t mentions = 0;
  std::uint32_t harmless = 0;
  for (std::uint32_t id = first; id < end; ++id) {
    const SyntaxNode& one = node(id);
    if (one.kind == NodeKind::kName && one.a == program_.name_loop) ++mentions;
    if (one.kind != NodeKind::kAttribute || one.a == kNoNode) continue;
    const SyntaxNode& object = node(one.a);
    if (object.kind != NodeKind::kName || object.a != program_.name_loop) continue;
    for (const std::string_view name : kBehind) harmless += tree_.names[one.b] == name ? 1 : 0;
  }
  return mentions != harmless;
}

// ( items -- list of those that meet the condition )
bool TemplateCompiler::loop_filter(const SyntaxNode& top) {
  emit(Opcode::kLoopBegin, 0);
  emit(Opcode::kBuildList, 0);
  emit(Opcode::kDuplicateUnder);  // ( loop list -- list loop list )
  emit(Opcode::kPop);
  const std::uint32_t next = emit(Opcode::kLoopNext);
  push_scope();
  if (!assign(top.a) || !expression(top.c)) return false;
  const std::uint32_t skip = emit(Opcode::kJumpIfFalse);
  emit(Opcode::kLoopKeep);
  patch(skip);
  pop_scope();
  emit(Opcode::kJump, next);
  patch(next);
  emit(Opcode::kPop);
  return true;
}

// ( items -- ) with the body and the else branch.
bool TemplateCompiler::loop(const SyntaxNode& top, std::uint32_t recursive_entry) {
  const NodeId body = tree_.list(top)[0];
  const NodeId otherwise = tree_.list(top)[1];
  const bool has_condition = top.c != kNoNode;
  const bool ahead = has_condition && looks_ahead(body, tree_.list(top)[2]);
  if (ahead && !loop_filter(top)) return false;
  at_ = top.at;
  emit(Opcode::kLoopBegin, recursive_entry);
  const std::uint32_t next = emit(Opcode::kLoopNext);
  program_.code[next].flag = has_condition && !ahead;
  loops_.push_back({scopes_, captures_, {}, {}});
  push_scope();
  if (!assign(top.a)) return false;
  if (has_condition && !ahead) {
    if (!expression(top.c)) return false;
    loops_.back().continues.push_back(emit(Opcode::kJumpIfFalse));
    emit(Opcode::kLoopAccept);
  }
  emit(Opcode::kLoopBind);
  if (!statement(body)) return false;
  for (const std::uint32_t jump : loops_.back().continues) patch(jump);
  pop_scope();
  emit(Opcode::kJump, next);
  patch(next);
  const std::vector<std::uint32_t> breaks = std::move(loops_.back().breaks);
  loops_.pop_back();
  emit(Opcode::kLoopEnd);
  const std::uint32_t walked = emit(Opcode::kJumpIfFalse);
  if (otherwise != kNoNode && !scoped(otherwise)) return false;
  patch(walked);
  if (breaks.empty()) return true;
  const std::uint32_t over = emit(Opcode::kJump);
  for (const std::uint32_t jump : breaks) patch(jump);
  emit(Opcode::kPop);
  patch(over);
  return true;
}

bool TemplateCompiler::jump_statement(const SyntaxNode& top) {
  LoopContext& around = loops_.back();
  const bool is_break = top.kind == NodeKind::kBreak;
  // Continue leaves the scope of the iteration itself to the end of the loop's body.
  const std::uint32_t n_scopes = scopes_ - around.scopes - (is_break ? 0 : 1);
  if (captures_ > around.captures) emit(Opcode::kDropCapture, captures_ - around.captures);
  if (n_scopes > 0) emit(Opcode::kPopScope, n_scopes);
  (is_break ? around.breaks : around.continues).push_back(emit(Opcode::kJump));
  return true;
}

bool TemplateCompiler::scoped(NodeId body) {
  push_scope();
  if (!statement(body)) return false;
  pop_scope();
  return true;
}

// ( -- text ) of the body, through the filters.
bool TemplateCompiler::captured(NodeId body, NodeId filters) {
  emit(Opcode::kCapture);
  ++captures_;
  if (!scoped(body)) return false;
  --captures_;
  emit(Opcode::kEndCapture);
  return filters == kNoNode || expression(filters);
}

bool TemplateCompiler::with_statement(const SyntaxNode& top) {
  const std::uint32_t n = top.list_size / 2;
  for (std::uint32_t i = 0; i < n; ++i) {
    if (!expression(tree_.list(top)[2 * i + 1])) return false;
  }
  push_scope();
  for (std::uint32_t i = n; i-- > 0;) {
    if (!assign(tree_.list(top)[2 * i])) return false;
  }
  if (!statement(top.b)) return false;
  pop_scope();
  return true;
}

// ( value -- )
bool TemplateCompiler::assign(NodeId target) {
  const SyntaxNode& top = node(target);
  at_ = top.at;
  if (top.kind == NodeKind::kName) {
    emit(Opcode::kStore, top.a);
    return true;
  }
  if (top.kind == NodeKind::kAttribute) {
    emit(Opcode::kStoreAttribute, node(top.a).a, top.b);
    return true;
  }
  emit(Opcode::kUnpack, top.list_size);
  for (std::uint32_t i = 0; i < top.list_size; ++i) {
    if (!assign(tree_.list(top)[i])) return false;
  }
  return true;
}

// ( -- macro ), its code placed here and jumped over.
bool TemplateCompiler::macro(NodeId id) {
  const SyntaxNode& top = node(id);
  const std::uint32_t over = emit(Opcode::kJump);
  MacroShape made;
  made.name = top.a;
  made.entry = here();
  macro_uses_.emplace_back();
  std::vector<LoopContext> outer_loops;
  outer_loops.swap(loops_);
  for (std::uint32_t i = 0; i < top.list_size; i += 2) {
    const std::uint32_t parameter = tree_.list(top)[i];
    made.parameters.push_back(parameter);
    if (tree_.list(top)[i + 1] == kNoNode) continue;
    const std::uint32_t given = emit(Opcode::kSkipIfGiven, parameter);
    if (!expression(tree_.list(top)[i + 1])) return false;
    emit(Opcode::kStore, parameter);
    program_.code[given].b = here();
  }
  if (!statement(top.b)) return false;
  loops_.swap(outer_loops);
  emit(Opcode::kReturn);
  patch(over);
  made.uses_varargs = macro_uses_.back().varargs;
  made.uses_kwargs = macro_uses_.back().kwargs;
  made.uses_caller = macro_uses_.back().caller;
  macro_uses_.pop_back();
  program_.macros.push_back(std::move(made));
  emit(Opcode::kMacro, static_cast<std::uint32_t>(program_.macros.size() - 1));
  return true;
}

}  // namespace minnow
