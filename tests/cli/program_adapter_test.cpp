// --lora: what an adapter changes, how its scale is given, and what is said of one that does not
// fit.
#include <gtest/gtest.h>

#include "cli/program_process.hpp"
#include "support/gguf_writer.hpp"

namespace minnow::program_test {
namespace {

using testing_support::append_number;
using testing_support::Bytes;
using testing_support::GgufWriter;

// A LoRA of rank 1 for the attention output of tiny qwen2's first block: 64 inputs, 64 outputs.
std::string lora_file(std::string_view architecture = "qwen2") {
  GgufWriter writer;
  writer.add_string("general.architecture", architecture);
  writer.add_string("general.type", "adapter");
  writer.add_string("adapter.type", "lora");
  writer.add("adapter.lora.alpha", 4.0f);
  Bytes a, b;
  for (int i = 0; i < 64; ++i) {
    append_number(a, static_cast<float>(i % 5 - 2));
    append_number(b, static_cast<float>(i % 7 - 3));
  }
  constexpr std::uint32_t kF32 = 0;
  writer.add_tensor("blk.0.attn_output.weight.lora_a", {64, 1}, kF32, a);
  writer.add_tensor("blk.0.attn_output.weight.lora_b", {1, 64}, kF32, b);
  const Bytes bytes = writer.build();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Outcome run(const std::vector<std::string>& more, const std::string& model = "qwen2") {
  std::vector<std::string> arguments = {"run", tiny(model), "--raw", "-p",     "Hello world",
                                        "-n",  "12",        "-q",    "--temp", "0"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

TEST(ProgramAdapter, ChangesAnswersByItsScale) {
  const ScratchFolder folder;
  const std::string lora = folder.write("lora.gguf", lora_file());
  const Outcome plain = run({}), once = run({"--lora", lora});
  EXPECT_EQ(once.exit_code, 0) << once.err;
  EXPECT_NE(once.out, plain.out);
  EXPECT_EQ(run({"--lora", lora + ":1.0"}).out, once.out);
  EXPECT_EQ(run({"--lora", lora + ":0"}).out, plain.out);
  EXPECT_EQ(run({"--lora", lora, "--lora", lora + ":-1"}).out, plain.out);
  const std::string colon = folder.write("a:0", lora_file());  // a file before it is a scale
  EXPECT_EQ(run({"--lora", colon}).out, once.out);
}

TEST(ProgramAdapter, ThatCannotBeUsedIsNamed) {
  const ScratchFolder folder;
  const std::string lora = folder.write("lora.gguf", lora_file());
  const std::string other = folder.write("other.gguf", lora_file("gemma3"));
  const std::string cut = folder.write("cut.gguf", lora_file().substr(0, 200));
  const struct {
    std::string given, said;
    int exit_code;
  } cases[] = {{folder.file("none.gguf"), "none.gguf", 3},
               {cut, "cut.gguf", 3},
               {other, "gemma3", 1},
               {lora + ":much", "'much' is not a scale", 2}};
  for (const auto& one : cases) {
    const Outcome outcome = run({"--lora", one.given});
    EXPECT_EQ(outcome.exit_code, one.exit_code) << one.given << ": " << outcome.err;
    EXPECT_NE(outcome.err.find(one.said), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace minnow::program_test
