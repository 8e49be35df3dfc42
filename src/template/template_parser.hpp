// TemplateParser: tokens into a SyntaxTree, by the grammar of Jinja2.
//
// Functions return false (or kNoNode) after they have set the failure. Nesting is bounded by the
// limit on depth; chains (a | b | c, a + b + c) are built by loops.
#pragma once

#include "template/syntax_tree.hpp"
#include "template/template_limits.hpp"

namespace minnow {

class TemplateParser {
 public:
  // `source` is normalised and outlives the parser.
  TemplateParser(std::string_view source, const TemplateLimits& limits)
      : lexer_(source), limits_(limits) {}

  Status parse(SyntaxTree* tree);

 private:
  using EndTags = std::initializer_list<std::string_view>;

  // parse_statement.cpp
  NodeId parse_body(EndTags end_tags);  // stops behind the name of the end tag, left in end_tag_
  bool parse_into(std::vector<std::uint32_t>& statements, EndTags end_tags, bool* ended);
  NodeId parse_statement();
  NodeId parse_if();
  NodeId parse_for();
  NodeId parse_set();
  NodeId parse_macro();
  NodeId parse_call_block();
  NodeId parse_filter_block();
  NodeId parse_with();
  NodeId parse_generation();
  NodeId parse_jump(NodeKind kind);
  bool parse_parameters(std::vector<std::uint32_t>& list);
  NodeId parse_target(bool with_attribute, std::string_view end_name);
  NodeId parse_one_target(bool with_attribute);
  bool expect_block_end();

  // parse_expression.cpp
  NodeId parse_expression(bool with_choice = true);
  NodeId parse_tuple(bool with_choice, std::string_view end_name = {}, bool parentheses = false);
  NodeId parse_binary(int level);
  NodeId parse_operators(NodeId left, int level);
  NodeId parse_compare(NodeId left, SourcePosition at);
  NodeId parse_chain(NodeId left, int level, NodeKind kind, std::string_view sign);
  NodeId parse_unary(bool with_filter);
  NodeId parse_primary();
  NodeId parse_named();
  NodeId parse_string();
  NodeId parse_integer();
  NodeId parse_float();
  NodeId parse_list_display();
  NodeId parse_dict_display();
  NodeId parse_postfix(NodeId node);
  NodeId parse_filters_and_tests(NodeId node);
  NodeId parse_filter_chain(NodeId node);
  NodeId parse_filter(NodeId node);
  NodeId parse_test(NodeId node);
  NodeId parse_subscript(NodeId node);
  NodeId parse_slice_or_index();
  NodeId parse_call(NodeId callee);
  bool parse_arguments(std::vector<std::uint32_t>& list);
  bool parse_argument(std::vector<std::uint32_t>& list, bool* keywords);
  bool is_tuple_end(std::string_view end_name) const;
  int level_of_current() const;

  // shared
  bool advance();  // to the next token
  bool peek(TemplateToken* token);
  bool expect(std::string_view sign);
  bool expect_name(std::string_view* name);
  bool skip(std::string_view sign);       // consumes the sign if it is next
  bool skip_name(std::string_view name);  // the same for a name
  NodeId make(NodeKind kind, SourcePosition at);
  SyntaxNode& node(NodeId id) { return tree_->nodes[id]; }
  void set_list(NodeId id, const std::vector<std::uint32_t>& list);
  NodeId constant(Value value, SourcePosition at);
  bool enter();  // one level deeper; leave() undoes it
  void leave() { --depth_; }
  template <class... Pieces>
  NodeId fail(const Pieces&... pieces) {
    return fail_with(StatusCode::kBadFile, current_.at, pieces...);
  }
  template <class... Pieces>
  NodeId fail_with(StatusCode code, SourcePosition at, const Pieces&... pieces) {
    if (failure_.ok()) {
      failure_ = error(code, "template line ", at.line, ", column ", at.column, ": ", pieces...);
    }
    return kNoNode;
  }
  std::string describe_current() const;

  TemplateLexer lexer_;
  const TemplateLimits& limits_;
  SyntaxTree* tree_ = nullptr;
  TemplateToken current_;
  TemplateToken peeked_;
  bool has_peeked_ = false;
  std::string_view end_tag_;
  std::uint32_t depth_ = 0;
  std::uint32_t conditional_ = 0;  // inside an if: an unknown filter may never be reached
  std::uint32_t loops_ = 0;        // for statements around, within this macro
  Status failure_;
};

}  // namespace minnow
