// What follows a primary expression: attributes, subscripts, calls, filters and tests.
#include <charconv>

#include "template/template_parser.hpp"

namespace minnow {

NodeId TemplateParser::parse_postfix(NodeId made) {
  while (made != kNoNode) {
    if (current_.is(".") || current_.is("[")) {
      made = parse_subscript(made);
    } else if (current_.is("(")) {
      made = parse_call(made);
    } else {
      break;
    }
  }
  return made;
}

NodeId TemplateParser::parse_filters_and_tests(NodeId made) {
  while (made != kNoNode) {
    if (current_.is("|")) {
      made = parse_filter_chain(made);
    } else if (current_.is_name("is")) {
      made = parse_test(made);
    } else if (current_.is("(")) {
      made = parse_call(made);
    } else {
      break;
    }
  }
  return made;
}

NodeId TemplateParser::parse_filter_chain(NodeId made) {
  do {
    if (!skip("|")) return kNoNode;
    made = parse_filter(made);
  } while (made != kNoNode && current_.is("|"));
  return made;
}

NodeId TemplateParser::parse_filter(NodeId value) {
  const NodeId made = make(NodeKind::kFilter, current_.at);
  std::string_view name;
  if (!expect_name(&name)) return kNoNode;
  std::vector<std::uint32_t> arguments;
  if (current_.is("(") && !parse_arguments(arguments)) return kNoNode;
  if (!failure_.ok()) return kNoNode;
  node(made).a = value;
  node(made).b = tree_->name(name);
  node(made).flag = conditional_ > 0;
  set_list(made, arguments);
  return made;
}

NodeId TemplateParser::parse_test(NodeId value) {
  NodeId made = make(NodeKind::kTest, current_.at);
  if (!advance()) return kNoNode;
  const bool negated = skip_name("not");
  std::string_view name;
  if (!expect_name(&name)) return kNoNode;
  std::vector<std::uint32_t> arguments;
  const bool starts_argument =
      current_.type == TokenType::kName || current_.type == TokenType::kString ||
      current_.type == TokenType::kInteger || current_.type == TokenType::kFloat ||
      current_.is("[") || current_.is("{");
  const bool ends = current_.is_name("else") || current_.is_name("or") || current_.is_name("and");
  if (current_.is("(")) {
    if (!parse_arguments(arguments)) return kNoNode;
  } else if (starts_argument && !ends) {
    if (current_.is_name("is")) return fail("tests cannot be chained with 'is'");
    if (!enter()) return kNoNode;
    NodeId argument = parse_primary();
    if (argument != kNoNode) argument = parse_postfix(argument);
    if (argument == kNoNode) return kNoNode;
    leave();
    arguments = {kPositional, argument};
  }
  node(made).a = value;
  node(made).b = tree_->name(name);
  node(made).flag = conditional_ > 0;
  set_list(made, arguments);
  if (negated) {
    const NodeId outer = make(NodeKind::kUnary, node(made).at);
    node(outer).op = Operator::kNot;
    node(outer).a = made;
    made = outer;
  }
  return made;
}

NodeId TemplateParser::parse_subscript(NodeId value) {
  const SourcePosition at = current_.at;
  if (skip(".")) {
    if (current_.type == TokenType::kName) {
      const NodeId made = make(NodeKind::kAttribute, at);
      node(made).a = value;
      node(made).b = tree_->name(current_.text);
      return advance() ? made : kNoNode;
    }
    if (current_.type != TokenType::kInteger) return fail("expected a name behind '.'");
    const NodeId index = parse_integer();
    if (index == kNoNode) return kNoNode;
    const NodeId made = make(NodeKind::kItem, at);
    node(made).a = value;
    node(made).b = index;
    return made;
  }
  if (!expect("[")) return kNoNode;
  std::vector<std::uint32_t> indices;
  while (!current_.is("]")) {
    if (!indices.empty() && !expect(",")) return kNoNode;
    const NodeId index = parse_slice_or_index();
    if (index == kNoNode) return kNoNode;
    indices.push_back(index);
  }
  if (!expect("]")) return kNoNode;
  NodeId index = indices.empty() ? kNoNode : indices[0];
  if (indices.size() != 1) {
    index = make(NodeKind::kTuple, at);
    set_list(index, indices);
  }
  if (node(index).kind == NodeKind::kSlice) {
    node(index).a = value;
    return index;
  }
  const NodeId made = make(NodeKind::kItem, at);
  node(made).a = value;
  node(made).b = index;
  return made;
}

NodeId TemplateParser::parse_slice_or_index() {
  const SourcePosition at = current_.at;
  std::uint32_t parts[3] = {kNoNode, kNoNode, kNoNode};
  bool slice = false;
  for (int i = 0; i < 3; ++i) {
    if (!current_.is(":") && !current_.is("]") && !current_.is(",")) {
      parts[i] = parse_expression();
      if (parts[i] == kNoNode) return kNoNode;
    }
    if (i == 2 || !skip(":")) break;
    slice = true;
  }
  if (!failure_.ok()) return kNoNode;
  if (!slice) {
    if (parts[0] == kNoNode) return fail("expected an index, found ", describe_current());
    return parts[0];
  }
  const NodeId made = make(NodeKind::kSlice, at);
  set_list(made, {parts[0], parts[1], parts[2]});
  return made;
}

NodeId TemplateParser::parse_call(NodeId callee) {
  const NodeId made = make(NodeKind::kCall, current_.at);
  std::vector<std::uint32_t> arguments;
  if (!parse_arguments(arguments)) return kNoNode;
  node(made).a = callee;
  set_list(made, arguments);
  return made;
}

bool TemplateParser::parse_arguments(std::vector<std::uint32_t>& list) {
  if (!expect("(")) return false;
  bool keywords = false;
  while (!current_.is(")")) {
    if (!list.empty() && !expect(",")) return false;
    if (current_.is(")")) break;
    if (!parse_argument(list, &keywords)) return false;
  }
  return expect(")");
}

bool TemplateParser::parse_argument(std::vector<std::uint32_t>& list, bool* keywords) {
  std::uint32_t how = kPositional;
  if (skip("*")) {
    how = kSplat;
  } else if (skip("**")) {
    how = kDictSplat;
    *keywords = true;
  } else if (current_.type == TokenType::kName) {
    TemplateToken following;
    if (!peek(&following)) return false;
    if (following.is("=")) {
      how = tree_->name(current_.text);
      *keywords = true;
      if (!advance() || !advance()) return false;
    }
  }
  if (how == kPositional && *keywords) {
    fail("a positional argument follows a keyword argument");
    return false;
  }
  const NodeId value = parse_expression();
  if (value == kNoNode) return false;
  list.insert(list.end(), {how, value});
  return true;
}

}  // namespace minnow
