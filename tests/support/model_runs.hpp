// Running a model of the test data with some table, threads, batches and cache, and what tests ask
// of such runs: all logits, their digest, statuses that explain themselves.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/token.hpp"
#include "kernels/api/kernel_table.hpp"
#include "runtime/model.hpp"
#include "runtime/options.hpp"
#include "runtime/session.hpp"

namespace minnow::testing_support {

struct RunSetup {
  std::string isa = "auto";
  int n_threads = 1;
  int n_batch = 512;
  std::string kv_type = "f16";
  int n_logits = 1;
};

// "avx2, 2 threads, batches of 7, f16", for messages.
std::string describe(const RunSetup& setup);
Options options_of(const RunSetup& setup);

// A path below tests/data.
std::string data_path(const std::string& name);
// Every table of this build, by name; why this CPU cannot run one ("" when it can).
std::vector<std::string> table_names();
std::string why_not_run(const std::string& isa);

// The token lists of a .tokens.json file; empty when it is missing.
std::vector<std::vector<Token>> read_token_lists(const std::string& path);

Status open_model(const std::string& path, const Options& options, std::shared_ptr<Model>& out);
// These give NULL, and a test failure with the status' message, when it does not work.
std::shared_ptr<Model> must_open(const std::string& path, const Options& options = {});
std::unique_ptr<Session> must_create(const std::shared_ptr<Model>& model,
                                     const Options& options = {});

// The logits [n_tokens, n_vocab] of all tokens, read from position 0 in a session of their own; of
// encoders, which have none, the states [n_tokens, n_embd].
Status all_logits(const std::shared_ptr<Model>& model, const std::vector<Token>& tokens,
                  const RunSetup& setup, std::vector<float>& out);

// SHA-256 of the bytes of all logits of some lists of tokens, one after the other.
Status logits_digest(const std::shared_ptr<Model>& model,
                     const std::vector<std::vector<Token>>& lists, const RunSetup& setup,
                     std::string& out);

// The models whose digests are kept in data/golden/digests.json.
struct GoldenModel {
  std::string name;         // the key in that file
  std::string path;         // of the .gguf
  std::string tokens_path;  // of the token lists
  bool is_quantised;
};
std::vector<GoldenModel> golden_models();

// A name that GoogleTest accepts for a parameter.
std::string test_name(std::string text);

::testing::AssertionResult is_ok(const Status& status);
// The code, and every one of the texts in the message.
::testing::AssertionResult fails(const Status& status, StatusCode code,
                                 const std::vector<std::string>& texts);

}  // namespace minnow::testing_support
