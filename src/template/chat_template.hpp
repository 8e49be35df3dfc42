// ChatTemplate: a compiled chat template, the Jinja subset that real templates use, rendered as
// transformers' apply_chat_template renders it.
//
// Not here: reading the template from a model file, building messages, tokenizing the result.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.hpp"
#include "template/marked_text.hpp"
#include "template/render_options.hpp"
#include "template/template_limits.hpp"
#include "template/value.hpp"

namespace minnow {

struct TemplateProgram;

// Immutable once compiled, cheap to copy, may be rendered by several threads at once.
class ChatTemplate {
 public:
  // Compiles `source`, which is copied. kBadFile: a syntax error; kUnsupported: a construct that
  // the subset does not have, or too deep a nesting. Both messages say line, column and what it is.
  static Status compile(std::string_view source, const TemplateLimits& limits, ChatTemplate* out);

  // Renders with each member of the dict `context` as a variable, and appends nothing to `out`: it
  // is replaced, and untouched on failure. kTemplate: the template called raise_exception, the
  // message is its own. kInvalidArgument: the template does something with these values that Python
  // would refuse. kUnsupported, kOutOfMemory: a limit of the options was reached. The context may
  // be shared between threads.
  Status render(const Value& context, const RenderOptions& options, MarkedText* out) const;

 private:
  std::shared_ptr<const TemplateProgram> program_;
};

}  // namespace minnow
