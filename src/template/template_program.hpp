// TemplateProgram: a compiled template, instructions for a stack machine (machine.hpp). Immutable
// while it runs; macros and recursive loops call without using the processor's stack.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "template/syntax_tree.hpp"

namespace minnow {

// Stack effects are written (before -- after), the top at the right.
enum class Opcode : std::uint8_t {
  kConstant,        // ( -- v )         a: constant
  kLoad,            // ( -- v )         a: name
  kStore,           // ( v -- )         a: name, in the innermost scope
  kStoreAttribute,  // ( v -- )         a: name of a namespace, b: attribute
  kUnpack,          // ( v -- vn … v1 ) a: how many
  kPop,             // ( v -- )
  kDuplicateUnder,  // ( x y -- y x y ) for chained comparisons
  kPopUnder,        // ( x y -- y )
  kAttribute,       // ( v -- v )       a: name
  kItem,            // ( v i -- v )
  kSlice,           // ( v start stop step -- v )
  kUnary,           // ( v -- v )       a: Operator
  kBinary,          // ( x y -- v )     a: Operator
  kCompare,         // ( x y -- bool )  a: Operator
  kConcat,          // ( v1 … vn -- s ) a: n
  kBuildList,       // ( v1 … vn -- l ) a: n
  kBuildTuple,      // ( v1 … vn -- t ) a: n
  kBuildDict,       // ( k1 v1 … -- d ) a: number of pairs
  kListAppend,      // ( l v -- l )
  kListExtend,      // ( l v -- l )
  kDictSet,         // ( d v -- d )     a: key's name
  kDictMerge,       // ( d v -- d )
  kFilter,          // ( v args -- v )  a: row, b: call shape
  kTest,            // ( v args -- bool ) a: row, b: call shape
  kUnknownFilter,   // refuses          a: name
  kUnknownTest,     // refuses          a: name
  kCall,            // ( f args -- v )  b: call shape
  kCallMethod,      // ( v args -- v )  a: name, b: call shape
  kJump,            //                  a: target
  kJumpIfFalse,     // ( v -- )         a: target
  kJumpIfTrue,      // ( v -- )         a: target
  kAndJump,         // ( v -- v | )     a: target; keeps v and jumps if it is false
  kOrJump,          // ( v -- v | )     a: target; keeps v and jumps if it is true
  kNoElse,          // ( -- undefined )
  kText,            //                  a: constant, printed
  kPrint,           // ( v -- )
  kPushScope,
  kPopScope,     //                  a: how many
  kCapture,      // output goes to a new text
  kEndCapture,   // ( -- s )
  kDropCapture,  //                  a: how many
  kLoopBegin,    // ( v -- loop )    a: start of the recursive loop or 0
  kLoopNext,     // ( loop -- loop v | loop ) a: target when exhausted; flag: a condition follows
  kLoopAccept,   // ( loop -- loop ) the condition held
  kLoopKeep,     // ( l loop -- l loop ) appends the current item to l
  kLoopBind,     // ( loop -- loop ) binds the name `loop`
  kLoopEnd,      // ( loop -- bool ) whether nothing was walked
  kCallLoop,     // ( v -- s )       a: start of the recursive loop
  kMacro,        // ( -- m )         a: macro
  kSkipIfGiven,  //                  a: name of a parameter, b: target
  kReturn,       // ( -- s ) in the caller
  kEnd,
};

struct Instruction {
  Opcode code;
  bool flag = false;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

// The arguments of a call as they lie on the stack: positional ones, then the keywords' values.
// `splat`: one list and one dict lie there instead.
struct CallShape {
  std::uint32_t n_positional = 0;
  std::vector<std::uint32_t> keywords;  // names
  std::vector<std::string_view> keyword_texts;
  bool splat = false;
  std::uint32_t n_values() const {
    return splat ? 2 : n_positional + static_cast<std::uint32_t>(keywords.size());
  }
};

struct MacroShape {
  std::uint32_t name = 0;
  std::uint32_t entry = 0;  // instruction
  std::vector<std::uint32_t> parameters;
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

struct TemplateProgram {
  std::vector<std::string> names;
  std::vector<Value> constants;
  std::vector<Instruction> code;
  std::vector<SourcePosition> positions;  // of each instruction
  std::vector<CallShape> shapes;
  std::vector<MacroShape> macros;
  std::uint32_t name_loop = 0;
  std::uint32_t name_caller = 0;
  std::uint32_t name_varargs = 0;
  std::uint32_t name_kwargs = 0;
};

}  // namespace minnow
