// Source to tree to program; then one Machine a rendering.
#include "template/chat_template.hpp"

#include "template/machine.hpp"
#include "template/template_compiler.hpp"
#include "template/template_parser.hpp"

namespace minnow {

Status ChatTemplate::compile(std::string_view source, const TemplateLimits& limits,
                             ChatTemplate* out) {
  if (source.size() > limits.max_source_bytes) {
    return error(StatusCode::kUnsupported, "the template is longer than ", limits.max_source_bytes,
                 " bytes");
  }
  const std::string normalised = normalise_source(source);
  SyntaxTree tree;
  MINNOW_TRY(TemplateParser(normalised, limits).parse(&tree));
  auto program = std::make_shared<TemplateProgram>();
  MINNOW_TRY(compile_tree(std::move(tree), program.get()));
  out->program_ = std::move(program);
  return {};
}

Status ChatTemplate::render(const Value& context, const RenderOptions& options,
                            MarkedText* out) const {
  if (program_ == nullptr) {
    return error(StatusCode::kInvalidArgument, "this chat template has not been compiled");
  }
  MarkedText text;
  Evaluation evaluation(options, program_->names);
  if (!Machine(*program_, context, evaluation, &text).run()) return evaluation.failure();
  *out = std::move(text);
  return {};
}

}  // namespace minnow
