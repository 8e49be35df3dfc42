// Expressions, by precedence climbing: or, and, not, comparisons, + -, ~, * / // %, **, sign, then
// postfix, filters and tests. (In Jinja ~ binds closer than +, and ** groups to the left.)
#include <charconv>

#include "template/number_text.hpp"
#include "template/python_text.hpp"
#include "template/template_parser.hpp"

namespace minnow {
namespace {

enum Level { kOr = 1, kAnd, kNot, kCompare, kAdd, kConcat, kMultiply, kPower, kNone = 0 };

struct SignRow {
  std::string_view sign;
  int level;
  Operator op;
};

constexpr SignRow kSigns[] = {
    {"+", kAdd, Operator::kAdd},         {"-", kAdd, Operator::kSubtract},
    {"~", kConcat, Operator::kAdd},      {"*", kMultiply, Operator::kMultiply},
    {"/", kMultiply, Operator::kDivide}, {"//", kMultiply, Operator::kFloorDivide},
    {"%", kMultiply, Operator::kModulo}, {"**", kPower, Operator::kPower},
    {"==", kCompare, Operator::kEqual},  {"!=", kCompare, Operator::kNotEqual},
    {"<", kCompare, Operator::kLess},    {"<=", kCompare, Operator::kLessEqual},
    {">", kCompare, Operator::kGreater}, {">=", kCompare, Operator::kGreaterEqual},
};

const SignRow* find_sign(const TemplateToken& token) {
  if (token.type != TokenType::kSign) return nullptr;
  for (const SignRow& row : kSigns) {
    if (row.sign == token.text) return &row;
  }
  return nullptr;
}

// Reads n hexadecimal digits of `text` at `at`.
bool read_hex(std::string_view text, std::size_t at, std::size_t n, char32_t* code) {
  if (at + n > text.size()) return false;
  std::uint32_t value = 0;
  const auto end = std::from_chars(text.data() + at, text.data() + at + n, value, 16);
  *code = value;
  return end.ec == std::errc() && end.ptr == text.data() + at + n;
}

// Decodes one escape of a string literal; `at` stands behind the backslash. What Python does not
// know keeps its backslash.
bool unescape(std::string_view text, std::size_t& at, std::string& out) {
  static constexpr std::string_view kLetters = "abfnrtv\\'\"";
  static constexpr std::string_view kImages = "\a\b\f\n\r\t\v\\'\"";
  const char letter = text[at++];
  if (const std::size_t known = kLetters.find(letter); known != std::string_view::npos) {
    out.push_back(kImages[known]);
    return true;
  }
  if (letter == '\n') return true;
  if (letter >= '0' && letter <= '7') {
    char32_t code = static_cast<char32_t>(letter - '0');
    for (int i = 0; i < 2 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++i) {
      code = code * 8 + static_cast<char32_t>(text[at++] - '0');
    }
    append_utf8(out, code);
    return true;
  }
  const std::size_t n = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (n == 0) {
    out.push_back('\\');
    out.push_back(letter);
    return letter != 'N';
  }
  char32_t code = 0;
  if (!read_hex(text, at, n, &code) || code > 0x10FFFF) return false;
  at += n;
  // A surrogate has no UTF-8 form; the replacement character stands for it.
  append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  return true;
}

}  // namespace

NodeId TemplateParser::parse_expression(bool with_choice) {
  const SourcePosition at = current_.at;
  NodeId value = parse_binary(kOr);
  std::uint32_t chained = 0;
  while (with_choice && value != kNoNode && skip_name("if")) {
    if (++chained > limits_.max_depth) {
      return fail_with(StatusCode::kUnsupported, at, "more than ", limits_.max_depth,
                       " inline ifs in a row");
    }
    ++conditional_;
    const NodeId condition = parse_binary(kOr);
    if (condition == kNoNode) return kNoNode;
    NodeId otherwise = kNoNode;
    if (skip_name("else")) {
      otherwise = enter() ? parse_expression() : kNoNode;
      if (otherwise == kNoNode) return kNoNode;
      leave();
    }
    --conditional_;
    const NodeId made = make(NodeKind::kChoice, at);
    node(made).a = condition;
    node(made).b = value;
    node(made).c = otherwise;
    value = made;
  }
  return failure_.ok() ? value : kNoNode;
}

bool TemplateParser::is_tuple_end(std::string_view end_name) const {
  return current_.type == TokenType::kPrintEnd || current_.type == TokenType::kBlockEnd ||
         current_.is(")") || (!end_name.empty() && current_.is_name(end_name));
}

// One expression, or several with commas as a tuple. `parentheses`: () is the empty tuple.
NodeId TemplateParser::parse_tuple(bool with_choice, std::string_view end_name, bool parentheses) {
  const SourcePosition at = current_.at;
  std::vector<std::uint32_t> items;
  bool is_tuple = false;
  while (!is_tuple_end(end_name)) {
    const NodeId item = parse_expression(with_choice);
    if (item == kNoNode) return kNoNode;
    items.push_back(item);
    if (!skip(",")) break;
    is_tuple = true;
  }
  if (!failure_.ok()) return kNoNode;
  if (!is_tuple && !items.empty()) return items[0];
  if (!is_tuple && !parentheses) {
    return fail("expected an expression, found ", describe_current());
  }
  const NodeId made = make(NodeKind::kTuple, at);
  set_list(made, items);
  return made;
}

int TemplateParser::level_of_current() const {
  if (const SignRow* row = find_sign(current_)) return row->level;
  if (current_.is_name("or")) return kOr;
  if (current_.is_name("and")) return kAnd;
  if (current_.is_name("in") || current_.is_name("not")) return kCompare;
  return kNone;
}

NodeId TemplateParser::parse_binary(int level) {
  if (!enter()) return kNoNode;
  NodeId left = kNoNode;
  if (level <= kNot && current_.is_name("not")) {
    const SourcePosition at = current_.at;
    if (!advance()) return kNoNode;
    const NodeId operand = parse_binary(kNot);
    if (operand == kNoNode) return kNoNode;
    left = make(NodeKind::kUnary, at);
    node(left).op = Operator::kNot;
    node(left).a = operand;
  } else {
    left = parse_unary(true);
  }
  left = parse_operators(left, level);
  leave();
  return failure_.ok() ? left : kNoNode;
}

// Takes the operators that bind at least as close as `level`.
NodeId TemplateParser::parse_operators(NodeId left, int level) {
  while (left != kNoNode) {
    const SourcePosition at = current_.at;
    const int found = level_of_current();
    if (found == kNone || found < level) return left;
    if (found == kOr) {
      left = parse_chain(left, kOr, NodeKind::kOr, {});
    } else if (found == kAnd) {
      left = parse_chain(left, kAnd, NodeKind::kAnd, {});
    } else if (found == kConcat) {
      left = parse_chain(left, kConcat, NodeKind::kConcat, "~");
    } else if (found == kCompare) {
      const NodeId compared = parse_compare(left, at);
      if (compared == left) return left;
      left = compared;
    } else {
      const Operator op = find_sign(current_)->op;
      if (!advance()) return kNoNode;
      const NodeId right = parse_binary(found + 1);
      if (right == kNoNode) return kNoNode;
      const NodeId made = make(NodeKind::kBinary, at);
      node(made).op = op;
      node(made).a = left;
      node(made).b = right;
      left = made;
    }
  }
  return kNoNode;
}

NodeId TemplateParser::parse_chain(NodeId left, int level, NodeKind kind, std::string_view sign) {
  const SourcePosition at = current_.at;
  std::vector<std::uint32_t> operands{left};
  while (level_of_current() == level && (sign.empty() || current_.is(sign))) {
    if (!advance()) return kNoNode;
    const NodeId right = parse_binary(level + 1);
    if (right == kNoNode) return kNoNode;
    operands.push_back(right);
  }
  const NodeId made = make(kind, at);
  set_list(made, operands);
  return made;
}

// Returns `left` itself when the `not` that follows is not that of `not in`.
NodeId TemplateParser::parse_compare(NodeId left, SourcePosition at) {
  std::vector<std::uint32_t> list{left};
  while (level_of_current() == kCompare) {
    Operator op = Operator::kIn;
    if (const SignRow* row = find_sign(current_)) {
      op = row->op;
    } else if (current_.is_name("not")) {
      TemplateToken following;
      if (!peek(&following)) return kNoNode;
      if (!following.is_name("in")) break;
      if (!advance()) return kNoNode;
      op = Operator::kNotIn;
    }
    if (!advance()) return kNoNode;
    const NodeId right = parse_binary(kCompare + 1);
    if (right == kNoNode) return kNoNode;
    list.insert(list.end(), {static_cast<std::uint32_t>(op), right});
  }
  if (list.size() == 1) return left;
  const NodeId made = make(NodeKind::kCompare, at);
  set_list(made, list);
  return made;
}

NodeId TemplateParser::parse_unary(bool with_filter) {
  const SourcePosition at = current_.at;
  NodeId made = kNoNode;
  if (current_.is("-") || current_.is("+")) {
    const Operator op = current_.is("-") ? Operator::kNegate : Operator::kPlus;
    if (!advance() || !enter()) return kNoNode;
    const NodeId operand = parse_unary(false);
    if (operand == kNoNode) return kNoNode;
    leave();
    made = make(NodeKind::kUnary, at);
    node(made).op = op;
    node(made).a = operand;
  } else {
    made = parse_primary();
  }
  if (made != kNoNode) made = parse_postfix(made);
  if (made != kNoNode && with_filter) made = parse_filters_and_tests(made);
  return made;
}

NodeId TemplateParser::parse_primary() {
  switch (current_.type) {
    case TokenType::kName:
      return parse_named();
    case TokenType::kString:
      return parse_string();
    case TokenType::kInteger:
      return parse_integer();
    case TokenType::kFloat:
      return parse_float();
    default:
      break;
  }
  if (current_.is("[")) return parse_list_display();
  if (current_.is("{")) return parse_dict_display();
  if (!current_.is("(")) return fail("unexpected ", describe_current());
  if (!advance()) return kNoNode;
  const NodeId inner = parse_tuple(true, {}, true);
  return inner != kNoNode && expect(")") ? inner : kNoNode;
}

NodeId TemplateParser::parse_named() {
  const SourcePosition at = current_.at;
  const std::string_view name = current_.text;
  if (!advance()) return kNoNode;
  if (name == "true" || name == "True") return constant(Value::boolean(true), at);
  if (name == "false" || name == "False") return constant(Value::boolean(false), at);
  if (name == "none" || name == "None") return constant(Value::none(), at);
  const NodeId made = make(NodeKind::kName, at);
  node(made).a = tree_->name(name);
  return made;
}

NodeId TemplateParser::parse_string() {
  const SourcePosition at = current_.at;
  std::string decoded;
  while (current_.type == TokenType::kString) {  // neighbours are joined
    const std::string_view text = current_.text;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] != '\\') {
        decoded.push_back(text[i++]);
      } else if (!unescape(text, ++i, decoded)) {
        return fail_with(StatusCode::kUnsupported, at, "an escape in a string is not supported");
      }
    }
    if (!advance()) return kNoNode;
  }
  return constant(Value::string(decoded), at);
}

NodeId TemplateParser::parse_integer() {
  const SourcePosition at = current_.at;
  std::string digits;
  for (const char c : current_.text) {
    if (c != '_') digits.push_back(c);
  }
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && digits[1] > '9') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : 2;
    digits.erase(0, 2);
  }
  std::int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end.ec == std::errc::result_out_of_range) {
    return fail_with(StatusCode::kUnsupported, at, "integers beyond 64 bits are not supported");
  }
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    return fail("malformed number ", describe_current());
  }
  return advance() ? constant(Value::integer(value), at) : kNoNode;
}

NodeId TemplateParser::parse_float() {
  const SourcePosition at = current_.at;
  std::string digits;
  for (const char c : current_.text) {
    if (c != '_') digits.push_back(c);
  }
  double value = 0;
  if (!read_double(digits, &value)) return fail("malformed number ", describe_current());
  return advance() ? constant(Value::number(value), at) : kNoNode;
}

NodeId TemplateParser::parse_list_display() {
  const NodeId made = make(NodeKind::kList, current_.at);
  std::vector<std::uint32_t> items;
  if (!advance()) return kNoNode;
  while (!current_.is("]")) {
    if (!items.empty() && !expect(",")) return kNoNode;
    if (current_.is("]")) break;
    const NodeId item = parse_expression();
    if (item == kNoNode) return kNoNode;
    items.push_back(item);
  }
  set_list(made, items);
  return expect("]") ? made : kNoNode;
}

NodeId TemplateParser::parse_dict_display() {
  const NodeId made = make(NodeKind::kDict, current_.at);
  std::vector<std::uint32_t> items;
  if (!advance()) return kNoNode;
  while (!current_.is("}")) {
    if (!items.empty() && !expect(",")) return kNoNode;
    if (current_.is("}")) break;
    const NodeId key = parse_expression();
    if (key == kNoNode || !expect(":")) return kNoNode;
    const NodeId value = parse_expression();
    if (value == kNoNode) return kNoNode;
    items.insert(items.end(), {key, value});
  }
  set_list(made, items);
  return expect("}") ? made : kNoNode;
}

}  // namespace minnow
