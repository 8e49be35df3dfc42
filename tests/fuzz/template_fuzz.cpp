// Fuzzes the chat template engine: any bytes as a template, rendered with fixed conversations.
// Small limits keep one run short.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "template/chat_template.hpp"
#include "template/json_value.hpp"

namespace {

constexpr std::string_view kContexts[] = {
    R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "<|im_end|> é"},
        {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function":
        {"name": "f", "arguments": {"x": [1, 2.5, true, null]}}}]}, {"role": "tool", "content": "4"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object",
        "properties": {"x": {"type": "array"}}, "required": ["x"]}}}], "bos_token": "<s>",
        "eos_token": "</s>", "add_generation_prompt": true})",
    R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "l": [3, 1, 2],
        "d": {"b": 1, "a": {"c": []}}, "s": "Hello World", "n": -7, "f": 0.5, "e": ""})",
    "{}",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  minnow::TemplateLimits limits;
  limits.max_steps = 50'000;
  limits.max_output_bytes = 1 << 18;
  limits.max_string_bytes = 1 << 18;
  limits.max_memory_bytes = 1 << 21;
  limits.max_items = 10'000;
  minnow::ChatTemplate compiled;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  if (!minnow::ChatTemplate::compile(source, limits, &compiled).ok()) return 0;
  for (const std::string_view context : kContexts) {
    minnow::Value values;
    if (!minnow::value_from_json(context, true, &values).ok()) __builtin_trap();
    minnow::RenderOptions options;
    options.limits = limits;
    minnow::MarkedText out;
    if (!compiled.render(values, options, &out).ok()) continue;
    if (out.size() > limits.max_output_bytes) __builtin_trap();
    std::uint32_t end = 0;
    for (const minnow::MarkedSpan& span : out.spans()) {
      if (span.begin < end || span.begin >= span.end || span.end > out.size()) __builtin_trap();
      end = span.end + 1;
    }
  }
  return 0;
}
