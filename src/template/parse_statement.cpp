// Statements: if, for, set, macro, call, filter, with, generation, break, continue.
#include "template/template_parser.hpp"

namespace minnow {

Status TemplateParser::parse(SyntaxTree* tree) {
  tree_ = tree;
  tree->name("");  // number 0: a name that is not known
  if (advance()) {
    const NodeId root = parse_body({});
    tree->root = root;
  }
  return failure_;
}

bool TemplateParser::advance() {
  if (has_peeked_) {
    current_ = peeked_;
    has_peeked_ = false;
    return true;
  }
  Status status = lexer_.next(&current_);
  if (status.ok()) return true;
  if (failure_.ok()) failure_ = std::move(status);
  return false;
}

bool TemplateParser::peek(TemplateToken* token) {
  if (!has_peeked_) {
    Status status = lexer_.next(&peeked_);
    if (!status.ok()) {
      if (failure_.ok()) failure_ = std::move(status);
      return false;
    }
    has_peeked_ = true;
  }
  *token = peeked_;
  return true;
}

std::string TemplateParser::describe_current() const {
  switch (current_.type) {
    case TokenType::kEnd:
      return "end of template";
    case TokenType::kText:
      return "text";
    case TokenType::kString:
      return join("string '", current_.text.substr(0, 40), "'");
    default:
      return join("'", current_.text.substr(0, 40), "'");
  }
}

bool TemplateParser::expect(std::string_view sign) {
  if (current_.is(sign)) return advance();
  fail("expected '", sign, "', found ", describe_current());
  return false;
}

bool TemplateParser::expect_name(std::string_view* name) {
  if (current_.type != TokenType::kName) {
    fail("expected a name, found ", describe_current());
    return false;
  }
  *name = current_.text;
  return advance();
}

bool TemplateParser::skip(std::string_view sign) {
  return current_.is(sign) && advance();
}

bool TemplateParser::skip_name(std::string_view name) {
  return current_.is_name(name) && advance();
}

NodeId TemplateParser::make(NodeKind kind, SourcePosition at) {
  SyntaxNode made;
  made.kind = kind;
  made.at = at;
  tree_->nodes.push_back(made);
  return static_cast<NodeId>(tree_->nodes.size() - 1);
}

void TemplateParser::set_list(NodeId id, const std::vector<std::uint32_t>& list) {
  node(id).list_begin = static_cast<std::uint32_t>(tree_->lists.size());
  node(id).list_size = static_cast<std::uint32_t>(list.size());
  tree_->lists.insert(tree_->lists.end(), list.begin(), list.end());
}

NodeId TemplateParser::constant(Value value, SourcePosition at) {
  tree_->constants.push_back(std::move(value));
  const NodeId id = make(NodeKind::kConstant, at);
  node(id).a = static_cast<std::uint32_t>(tree_->constants.size() - 1);
  return id;
}

bool TemplateParser::enter() {
  if (++depth_ <= limits_.max_depth) return true;
  fail_with(StatusCode::kUnsupported, current_.at, "nested more than ", limits_.max_depth,
            " levels deep");
  return false;
}

bool TemplateParser::expect_block_end() {
  if (current_.type == TokenType::kBlockEnd) return advance();
  fail("expected the end of the tag, found ", describe_current());
  return false;
}

NodeId TemplateParser::parse_body(EndTags end_tags) {
  const NodeId body = make(NodeKind::kSequence, current_.at);
  if (!enter()) return kNoNode;
  std::vector<std::uint32_t> statements;
  bool ended = false;
  while (!ended) {
    if (!parse_into(statements, end_tags, &ended)) return kNoNode;
  }
  leave();
  set_list(body, statements);
  return body;
}

bool TemplateParser::parse_into(std::vector<std::uint32_t>& statements, EndTags end_tags,
                                bool* ended) {
  const SourcePosition at = current_.at;
  NodeId made = kNoNode;
  if (current_.type == TokenType::kEnd) {
    *ended = end_tags.size() == 0;
    if (!*ended) fail("the template ends where '", *end_tags.begin(), "' is awaited");
    return *ended;
  }
  if (current_.type == TokenType::kText) {
    made = constant(Value::string(current_.text), at);
    node(made).kind = NodeKind::kText;
    statements.push_back(made);
    return advance();
  }
  if (current_.type == TokenType::kPrintBegin) {
    if (!advance()) return false;
    const NodeId value = parse_tuple(true);
    if (value == kNoNode) return false;
    if (current_.type != TokenType::kPrintEnd) {
      fail("expected '}}', found ", describe_current());
      return false;
    }
    made = make(NodeKind::kPrint, at);
    node(made).a = value;
    statements.push_back(made);
    return advance();
  }
  if (!advance()) return false;
  if (current_.type != TokenType::kName) {
    fail("expected the name of a statement, found ", describe_current());
    return false;
  }
  for (const std::string_view tag : end_tags) {
    if (current_.text != tag) continue;
    end_tag_ = tag;
    *ended = true;
    return advance();
  }
  made = parse_statement();
  if (made == kNoNode || !expect_block_end()) return false;
  statements.push_back(made);
  return true;
}

// Parses from the statement's name up to, not including, the end of its last tag.
NodeId TemplateParser::parse_statement() {
  const SourcePosition at = current_.at;
  std::string_view name;
  if (!expect_name(&name)) return kNoNode;
  if (name == "if") return parse_if();
  if (name == "for") return parse_for();
  if (name == "set") return parse_set();
  if (name == "macro") return parse_macro();
  if (name == "call") return parse_call_block();
  if (name == "filter") return parse_filter_block();
  if (name == "with") return parse_with();
  if (name == "generation") return parse_generation();
  if (name == "break") return parse_jump(NodeKind::kBreak);
  if (name == "continue") return parse_jump(NodeKind::kContinue);
  if (name.substr(0, 3) == "end" || name == "else" || name == "elif") {
    return fail_with(StatusCode::kBadFile, at, "unexpected '", name, "'");
  }
  return fail_with(StatusCode::kUnsupported, at, "statement '", name, "' is not supported");
}

NodeId TemplateParser::parse_jump(NodeKind kind) {
  if (loops_ == 0) return fail("break or continue outside a loop");
  return make(kind, current_.at);
}

NodeId TemplateParser::parse_if() {
  const NodeId made = make(NodeKind::kIf, current_.at);
  std::vector<std::uint32_t> branches;
  ++conditional_;
  while (true) {
    const NodeId condition = parse_tuple(false);
    if (condition == kNoNode || !expect_block_end()) return kNoNode;
    const NodeId body = parse_body({"elif", "else", "endif"});
    if (body == kNoNode) return kNoNode;
    branches.insert(branches.end(), {condition, body});
    if (end_tag_ != "elif") break;
  }
  if (end_tag_ == "else") {
    if (!expect_block_end()) return kNoNode;
    const NodeId body = parse_body({"endif"});
    if (body == kNoNode) return kNoNode;
    node(made).a = body;
  }
  --conditional_;
  set_list(made, branches);
  return made;
}

NodeId TemplateParser::parse_for() {
  const NodeId made = make(NodeKind::kFor, current_.at);
  const NodeId target = parse_target(false, "in");
  if (target == kNoNode) return kNoNode;
  if (!skip_name("in")) return fail("expected 'in', found ", describe_current());
  const NodeId iterable = parse_tuple(false, "recursive");
  if (iterable == kNoNode) return kNoNode;
  NodeId condition = kNoNode;
  if (skip_name("if")) {
    condition = parse_expression();
    if (condition == kNoNode) return kNoNode;
  }
  node(made).flag = skip_name("recursive");
  if (!expect_block_end()) return kNoNode;
  ++loops_;
  const NodeId body = parse_body({"endfor", "else"});
  --loops_;
  if (body == kNoNode) return kNoNode;
  const auto body_end = static_cast<std::uint32_t>(tree_->nodes.size());
  NodeId otherwise = kNoNode;
  if (end_tag_ == "else") {
    if (!expect_block_end()) return kNoNode;
    otherwise = parse_body({"endfor"});
    if (otherwise == kNoNode) return kNoNode;
  }
  node(made).a = target;
  node(made).b = iterable;
  node(made).c = condition;
  set_list(made, {body, otherwise, body_end});
  return made;
}

// A name, a parenthesised tuple of targets or, in set, an attribute of a namespace.
NodeId TemplateParser::parse_one_target(bool with_attribute) {
  const SourcePosition at = current_.at;
  if (skip("(") || skip("[")) {
    const NodeId inner = enter() ? parse_target(with_attribute, {}) : kNoNode;
    leave();
    if (inner == kNoNode) return kNoNode;
    if (!skip(")") && !skip("]")) return fail("expected ')', found ", describe_current());
    return inner;
  }
  std::string_view name;
  if (!expect_name(&name)) return kNoNode;
  const NodeId made = make(NodeKind::kName, at);
  node(made).a = tree_->name(name);
  if (!with_attribute || !skip(".")) return made;
  std::string_view attribute;
  if (!expect_name(&attribute)) return kNoNode;
  const NodeId outer = make(NodeKind::kAttribute, at);
  node(outer).a = made;
  node(outer).b = tree_->name(attribute);
  return outer;
}

NodeId TemplateParser::parse_target(bool with_attribute, std::string_view end_name) {
  const SourcePosition at = current_.at;
  std::vector<std::uint32_t> targets;
  bool is_tuple = false;
  while (targets.empty() || !is_tuple_end(end_name)) {
    const NodeId target = parse_one_target(with_attribute);
    if (target == kNoNode) return kNoNode;
    targets.push_back(target);
    if (!skip(",")) break;
    is_tuple = true;
  }
  if (!failure_.ok()) return kNoNode;
  if (!is_tuple) return targets[0];
  const NodeId made = make(NodeKind::kTuple, at);
  set_list(made, targets);
  return made;
}

NodeId TemplateParser::parse_set() {
  const SourcePosition at = current_.at;
  const NodeId target = parse_target(true, {});
  if (target == kNoNode) return kNoNode;
  if (skip("=")) {
    const NodeId value = parse_tuple(true);
    if (value == kNoNode) return kNoNode;
    const NodeId made = make(NodeKind::kSet, at);
    node(made).a = target;
    node(made).b = value;
    return made;
  }
  NodeId filters = kNoNode;
  if (current_.is("|")) {
    filters = parse_filter_chain(kNoNode);
    if (filters == kNoNode) return kNoNode;
  }
  if (!expect_block_end()) return kNoNode;
  const NodeId body = parse_body({"endset"});
  if (body == kNoNode) return kNoNode;
  const NodeId made = make(NodeKind::kSetBlock, at);
  node(made).a = target;
  node(made).b = filters;
  node(made).c = body;
  return made;
}

bool TemplateParser::parse_parameters(std::vector<std::uint32_t>& list) {
  if (!expect("(")) return false;
  while (!current_.is(")")) {
    if (!list.empty() && !expect(",")) return false;
    if (current_.is(")")) break;
    std::string_view name;
    if (!expect_name(&name)) return false;
    NodeId fallback = kNoNode;
    if (skip("=")) {
      fallback = parse_expression();
      if (fallback == kNoNode) return false;
    } else if (!list.empty() && list.back() != kNoNode) {
      fail("a parameter without default follows one with default");
      return false;
    }
    list.insert(list.end(), {tree_->name(name), fallback});
  }
  return expect(")");
}

NodeId TemplateParser::parse_macro() {
  const NodeId made = make(NodeKind::kMacro, current_.at);
  std::string_view name;
  std::vector<std::uint32_t> parameters;
  if (!expect_name(&name) || !parse_parameters(parameters) || !expect_block_end()) return kNoNode;
  const std::uint32_t loops = std::exchange(loops_, 0);
  const NodeId body = parse_body({"endmacro"});
  loops_ = loops;
  if (body == kNoNode) return kNoNode;
  // `{% endmacro name %}` is not Jinja's, but nothing else could stand there.
  node(made).a = tree_->name(name);
  node(made).b = body;
  set_list(made, parameters);
  return made;
}

NodeId TemplateParser::parse_call_block() {
  const SourcePosition at = current_.at;
  const NodeId macro = make(NodeKind::kMacro, at);
  std::vector<std::uint32_t> parameters;
  if (current_.is("(") && !parse_parameters(parameters)) return kNoNode;
  const NodeId call = parse_expression();
  if (call == kNoNode) return kNoNode;
  if (node(call).kind != NodeKind::kCall) return fail("expected a call");
  if (!expect_block_end()) return kNoNode;
  const std::uint32_t loops = std::exchange(loops_, 0);
  const NodeId body = parse_body({"endcall"});
  loops_ = loops;
  if (body == kNoNode) return kNoNode;
  node(macro).a = tree_->name("caller");
  node(macro).b = body;
  set_list(macro, parameters);
  const NodeId value = make(NodeKind::kMacroValue, at);
  node(value).a = macro;
  const SyntaxNode called = node(call);
  std::vector<std::uint32_t> arguments(tree_->list(called), tree_->list(called) + called.list_size);
  arguments.insert(arguments.end(), {tree_->name("caller"), value});
  set_list(call, arguments);
  const NodeId made = make(NodeKind::kCallBlock, at);
  node(made).a = call;
  return made;
}

NodeId TemplateParser::parse_filter_block() {
  const NodeId made = make(NodeKind::kFilterBlock, current_.at);
  NodeId filters = parse_filter(kNoNode);
  if (filters != kNoNode && current_.is("|")) filters = parse_filter_chain(filters);
  if (filters == kNoNode || !expect_block_end()) return kNoNode;
  const NodeId body = parse_body({"endfilter"});
  if (body == kNoNode) return kNoNode;
  node(made).a = filters;
  node(made).b = body;
  return made;
}

NodeId TemplateParser::parse_with() {
  const NodeId made = make(NodeKind::kWith, current_.at);
  std::vector<std::uint32_t> assignments;
  while (current_.type != TokenType::kBlockEnd) {
    if (!assignments.empty() && !expect(",")) return kNoNode;
    const NodeId target = parse_one_target(false);
    if (target == kNoNode || !expect("=")) return kNoNode;
    const NodeId value = parse_expression();
    if (value == kNoNode) return kNoNode;
    assignments.insert(assignments.end(), {target, value});
  }
  if (!expect_block_end()) return kNoNode;
  const NodeId body = parse_body({"endwith"});
  if (body == kNoNode) return kNoNode;
  node(made).b = body;
  set_list(made, assignments);
  return made;
}

NodeId TemplateParser::parse_generation() {
  const NodeId made = make(NodeKind::kScope, current_.at);
  if (!expect_block_end()) return kNoNode;
  const NodeId body = parse_body({"endgeneration"});
  node(made).a = body;
  return body == kNoNode ? kNoNode : made;
}

}  // namespace minnow
