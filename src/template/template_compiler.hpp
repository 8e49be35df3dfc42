// compile_tree: a SyntaxTree into a TemplateProgram.
#pragma once

#include "base/status.hpp"
#include "template/template_program.hpp"

namespace minnow {

// Takes the tree's names and constants over. Names filters and tests that do not exist, unless they
// stand inside a condition and may never be reached (as Jinja does). Chains are compiled by loops;
// the recursion that remains is as deep as the parser's, which is bounded.
Status compile_tree(SyntaxTree tree, TemplateProgram* program);

}  // namespace minnow
