// The commands of the program, one file each. Each function adds one to the program; what it does
// happens while CLI11 parses, and failures leave it as a Failure.
#pragma once

#include <CLI/CLI.hpp>

namespace minnow::program {

void add_run_command(CLI::App& program);
void add_chat_command(CLI::App& program);
void add_tokenize_commands(CLI::App& program);  // tokenize and detokenize
void add_logits_command(CLI::App& program);
void add_embed_command(CLI::App& program);
void add_rerank_command(CLI::App& program);
void add_infill_command(CLI::App& program);
void add_perplexity_command(CLI::App& program);
void add_inspect_command(CLI::App& program);
void add_pack_command(CLI::App& program);
void add_cpu_command(CLI::App& program);
void add_bench_command(CLI::App& program);
void add_template_command(CLI::App& program);

}  // namespace minnow::program
