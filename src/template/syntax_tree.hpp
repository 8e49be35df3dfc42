// SyntaxTree: a parsed template. Nodes refer to each other by number and lie in one vector, so a
// tree of any shape is freed without recursion.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "template/template_lexer.hpp"
#include "template/value.hpp"

namespace minnow {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xFFFFFFFF;

enum class NodeKind : std::uint8_t {
  // Expressions. a, b, c are nodes unless said otherwise; "list" is the node's range in `lists`.
  kConstant,    // a: constant
  kName,        // a: name
  kTuple,       // list: items
  kList,        // list: items
  kDict,        // list: key, value, key, value …
  kAttribute,   // a . name b
  kItem,        // a [ b ]
  kSlice,       // a [ list: start, stop, step ], each may be kNoNode
  kUnary,       // op a
  kBinary,      // a op b
  kConcat,      // list: operands of ~
  kCompare,     // list: operand, op, operand, op, operand …
  kAnd,         // list: operands
  kOr,          // list: operands
  kChoice,      // b if a else c (c may be kNoNode)
  kFilter,      // a | name b (list: arguments); a is kNoNode for the text of a block
  kTest,        // a is name b (list: arguments)
  kCall,        // a (list: arguments)
  kMacroValue,  // a: the macro statement whose value this is (a call block's caller)
  // Statements
  kText,       // a: constant
  kPrint,      // a
  kIf,         // list: condition, body, condition, body … ; a: else body or kNoNode
  kFor,        // a: target, b: iterable, c: condition or kNoNode; list: body, else body or kNoNode,
               // one behind the last node of the body
  kSet,        // a: target, b: value
  kSetBlock,   // a: target, b: filters on the text or kNoNode, c: body
  kMacro,      // a: name, b: body; list: parameter name, default or kNoNode, …
  kCallBlock,  // a: call
  kFilterBlock,  // a: filters on the text, b: body
  kWith,         // b: body; list: target, value, …
  kScope,        // a: body in a scope of its own (generation)
  kBreak,
  kContinue,
  kSequence,  // list: statements
};

// Operators, by the sign that Python writes.
enum class Operator : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kNot,
  kNegate,
  kPlus,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

// An argument in a list: a pair of words, how and which node.
inline constexpr std::uint32_t kPositional = 0xFFFFFFFF;
inline constexpr std::uint32_t kSplat = 0xFFFFFFFE;      // *x
inline constexpr std::uint32_t kDictSplat = 0xFFFFFFFD;  // **x; any other word is a keyword's name

struct SyntaxNode {
  NodeKind kind;
  Operator op = Operator::kAdd;
  bool flag = false;  // kFor: recursive; kFilter, kTest: inside a condition (unknown names wait)
  std::uint32_t a = kNoNode;
  std::uint32_t b = kNoNode;
  std::uint32_t c = kNoNode;
  std::uint32_t list_begin = 0;
  std::uint32_t list_size = 0;
  SourcePosition at;
};

struct SyntaxTree {
  std::vector<SyntaxNode> nodes;
  std::vector<std::uint32_t> lists;
  std::vector<Value> constants;
  std::vector<std::string> names;
  std::map<std::string, std::uint32_t, std::less<>> name_numbers;
  NodeId root = kNoNode;

  std::uint32_t name(std::string_view text) {
    const auto found = name_numbers.find(text);
    if (found != name_numbers.end()) return found->second;
    names.emplace_back(text);
    name_numbers.emplace(text, static_cast<std::uint32_t>(names.size() - 1));
    return static_cast<std::uint32_t>(names.size() - 1);
  }
  const std::uint32_t* list(const SyntaxNode& node) const { return lists.data() + node.list_begin; }
};

}  // namespace minnow
