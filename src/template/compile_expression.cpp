// Instructions for expressions. The left spine of a chain (a.b[c](d) | e + f …) is walked by a
// loop, because its length is the author's choice and not bounded by the parser's depth.
#include "template/compiler_state.hpp"
#include "template/native.hpp"

namespace minnow {
namespace {

// Nodes whose child `a` is evaluated first and may be another such node.
bool is_spine(NodeKind kind) {
  switch (kind) {
    case NodeKind::kAttribute:
    case NodeKind::kItem:
    case NodeKind::kSlice:
    case NodeKind::kUnary:
    case NodeKind::kBinary:
    case NodeKind::kFilter:
    case NodeKind::kTest:
    case NodeKind::kCall:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::uint32_t TemplateCompiler::emit(Opcode code, std::uint32_t a, std::uint32_t b) {
  program_.code.push_back({code, false, a, b});
  program_.positions.push_back(at_);
  return here() - 1;
}

bool TemplateCompiler::fail(StatusCode code, SourcePosition at, std::string_view what,
                            std::string_view name) {
  if (failure_.ok()) {
    failure_ = error(code, "template line ", at.line, ", column ", at.column, ": ", what, "'", name,
                     "' is not supported");
  }
  return false;
}

bool TemplateCompiler::expression(NodeId id) {
  std::vector<NodeId> spine;
  while (id != kNoNode && is_spine(node(id).kind)) {
    spine.push_back(id);
    id = node(id).a;
  }
  if (id != kNoNode) {  // a filter on a block's text has nothing below it: the text is there
    at_ = node(id).at;
    if (!simple_expression(node(id))) return false;
  }
  while (!spine.empty()) {
    const SyntaxNode& top = node(spine.back());
    spine.pop_back();
    // `value.method(…)` is one instruction: it makes no bound method.
    if (top.kind == NodeKind::kAttribute && !spine.empty() &&
        node(spine.back()).kind == NodeKind::kCall) {
      at_ = top.at;
      if (!call(node(spine.back()), true, top.b)) return false;
      spine.pop_back();
      continue;
    }
    if (!spine_step(top)) return false;
  }
  return true;
}

// Compiles the rest of a spine node; the value of its child `a` is on the stack.
bool TemplateCompiler::spine_step(const SyntaxNode& top) {
  const SourcePosition at = top.at;
  at_ = at;
  switch (top.kind) {
    case NodeKind::kAttribute:
      emit(Opcode::kAttribute, top.b);
      return true;
    case NodeKind::kItem:
      if (!expression(top.b)) return false;
      at_ = at;
      emit(Opcode::kItem);
      return true;
    case NodeKind::kSlice:
      return slice_parts(top);
    case NodeKind::kUnary:
      emit(Opcode::kUnary, static_cast<std::uint32_t>(top.op));
      return true;
    case NodeKind::kBinary:
      if (!expression(top.b)) return false;
      at_ = at;
      emit(Opcode::kBinary, static_cast<std::uint32_t>(top.op));
      return true;
    case NodeKind::kFilter:
      return named_native(top, true);
    case NodeKind::kTest:
      return named_native(top, false);
    default:
      return call(top, false, 0);
  }
}

bool TemplateCompiler::slice_parts(const SyntaxNode& top) {
  const std::uint32_t none = static_cast<std::uint32_t>(program_.constants.size());
  bool needs_none = false;
  for (int i = 0; i < 3; ++i) {
    const NodeId part = tree_.list(top)[i];
    if (part != kNoNode) {
      if (!expression(part)) return false;
    } else {
      emit(Opcode::kConstant, none);
      needs_none = true;
    }
  }
  if (needs_none) program_.constants.push_back(Value::none());
  at_ = top.at;
  emit(Opcode::kSlice);
  return true;
}

bool TemplateCompiler::children(const SyntaxNode& top) {
  for (std::uint32_t i = 0; i < top.list_size; ++i) {
    if (!expression(tree_.list(top)[i])) return false;
  }
  at_ = top.at;
  return true;
}

bool TemplateCompiler::simple_expression(const SyntaxNode& top) {
  switch (top.kind) {
    case NodeKind::kConstant:
      emit(Opcode::kConstant, top.a);
      return true;
    case NodeKind::kName:
      if (!macro_uses_.empty()) {
        macro_uses_.back().varargs |= top.a == program_.name_varargs;
        macro_uses_.back().kwargs |= top.a == program_.name_kwargs;
        macro_uses_.back().caller |= top.a == program_.name_caller;
      }
      emit(Opcode::kLoad, top.a);
      return true;
    case NodeKind::kTuple:
    case NodeKind::kList:
      if (!children(top)) return false;
      emit(top.kind == NodeKind::kTuple ? Opcode::kBuildTuple : Opcode::kBuildList, top.list_size);
      return true;
    case NodeKind::kDict:
      if (!children(top)) return false;
      emit(Opcode::kBuildDict, top.list_size / 2);
      return true;
    case NodeKind::kConcat:
      if (!children(top)) return false;
      emit(Opcode::kConcat, top.list_size);
      return true;
    case NodeKind::kCompare:
      return compare(top);
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return logic(top);
    case NodeKind::kChoice:
      return choice(top);
    case NodeKind::kMacroValue:
      return macro(top.a);
    default:
      return fail(StatusCode::kUnsupported, top.at, "this expression ", "");
  }
}

// a < b < c evaluates b once and stops at the first false.
bool TemplateCompiler::compare(const SyntaxNode& top) {
  if (!expression(tree_.list(top)[0])) return false;
  std::vector<std::uint32_t> stops;
  for (std::uint32_t i = 1; i < top.list_size; i += 2) {
    if (!expression(tree_.list(top)[i + 1])) return false;
    at_ = top.at;
    const bool last = i + 2 >= top.list_size;
    if (!last) emit(Opcode::kDuplicateUnder);
    emit(Opcode::kCompare, tree_.list(top)[i]);
    if (!last) stops.push_back(emit(Opcode::kAndJump));
  }
  if (stops.empty()) return true;
  const std::uint32_t over = emit(Opcode::kJump);
  for (const std::uint32_t stop : stops) patch(stop);
  emit(Opcode::kPopUnder);
  patch(over);
  return true;
}

bool TemplateCompiler::logic(const SyntaxNode& top) {
  const Opcode jump = top.kind == NodeKind::kAnd ? Opcode::kAndJump : Opcode::kOrJump;
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < top.list_size; ++i) {
    if (!expression(tree_.list(top)[i])) return false;
    if (i + 1 < top.list_size) ends.push_back(emit(jump));
  }
  for (const std::uint32_t end : ends) patch(end);
  return true;
}

bool TemplateCompiler::choice(const SyntaxNode& top) {
  if (!expression(top.a)) return false;
  const std::uint32_t otherwise = emit(Opcode::kJumpIfFalse);
  if (!expression(top.b)) return false;
  const std::uint32_t over = emit(Opcode::kJump);
  patch(otherwise);
  if (top.c == kNoNode) {
    emit(Opcode::kNoElse);
  } else if (!expression(top.c)) {
    return false;
  }
  patch(over);
  return true;
}

bool TemplateCompiler::named_native(const SyntaxNode& top, bool filter) {
  const std::string& name = tree_.names[top.b];
  const int row = filter ? find_filter(name) : find_test(name);
  if (row < 0 && !top.flag) {
    return fail(StatusCode::kUnsupported, top.at, filter ? "filter " : "test ", name);
  }
  std::uint32_t shape = 0;
  if (!arguments(top, &shape)) return false;
  at_ = top.at;
  if (row < 0) {
    emit(filter ? Opcode::kUnknownFilter : Opcode::kUnknownTest, top.b);
  } else {
    emit(filter ? Opcode::kFilter : Opcode::kTest, static_cast<std::uint32_t>(row), shape);
  }
  return true;
}

bool TemplateCompiler::call(const SyntaxNode& top, bool method, std::uint32_t method_name) {
  std::uint32_t shape = 0;
  if (!arguments(top, &shape)) return false;
  at_ = top.at;
  emit(method ? Opcode::kCallMethod : Opcode::kCall, method_name, shape);
  return true;
}

bool TemplateCompiler::arguments(const SyntaxNode& top, std::uint32_t* shape) {
  CallShape made;
  for (std::uint32_t i = 0; i < top.list_size; i += 2) {
    const std::uint32_t how = tree_.list(top)[i];
    if (how == kSplat || how == kDictSplat) return splat_arguments(top, shape);
  }
  for (std::uint32_t i = 0; i < top.list_size; i += 2) {
    const std::uint32_t how = tree_.list(top)[i];
    if (!expression(tree_.list(top)[i + 1])) return false;
    if (how == kPositional) {
      ++made.n_positional;
    } else {
      made.keywords.push_back(how);
    }
  }
  *shape = static_cast<std::uint32_t>(program_.shapes.size());
  if (made.keywords.empty() && made.n_positional < 4) {
    *shape = made.n_positional;  // the first shapes are these, see run()
  } else {
    program_.shapes.push_back(std::move(made));
  }
  return true;
}

bool TemplateCompiler::splat_arguments(const SyntaxNode& top, std::uint32_t* shape) {
  emit(Opcode::kBuildList, 0);
  for (std::uint32_t i = 0; i < top.list_size; i += 2) {
    const std::uint32_t how = tree_.list(top)[i];
    if (how != kPositional && how != kSplat) continue;
    if (!expression(tree_.list(top)[i + 1])) return false;
    emit(how == kSplat ? Opcode::kListExtend : Opcode::kListAppend);
  }
  emit(Opcode::kBuildDict, 0);
  for (std::uint32_t i = 0; i < top.list_size; i += 2) {
    const std::uint32_t how = tree_.list(top)[i];
    if (how == kPositional || how == kSplat) continue;
    if (!expression(tree_.list(top)[i + 1])) return false;
    emit(how == kDictSplat ? Opcode::kDictMerge : Opcode::kDictSet, how == kDictSplat ? 0 : how);
  }
  CallShape made;
  made.splat = true;
  *shape = static_cast<std::uint32_t>(program_.shapes.size());
  program_.shapes.push_back(std::move(made));
  return true;
}

}  // namespace minnow
