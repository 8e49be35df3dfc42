#include "support/model_runs.hpp"

#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/cpu_features.hpp"
#include "base/join.hpp"
#include "base/sha256.hpp"
#include "kernels/api/resolver.hpp"

namespace minnow::testing_support {

std::string describe(const RunSetup& setup) {
  return join(setup.isa, ", ", setup.n_threads, " threads, batches of ", setup.n_batch, ", ",
              setup.kv_type);
}

Options options_of(const RunSetup& setup) {
  Options options;
  options.isa = setup.isa;
  options.threads = setup.n_threads;
  options.n_batch = setup.n_batch;
  options.kv_type = setup.kv_type;
  options.n_logits = setup.n_logits;
  return options;
}

std::string data_path(const std::string& name) {
  return std::string(MINNOW_TEST_DATA) + "/" + name;
}

std::vector<std::string> table_names() {
  const KernelTables all = kernel_tables();
  std::vector<std::string> names;
  for (int i = 0; i < all.n_tables; ++i) names.emplace_back(all.tables[i]->name);
  return names;
}

std::string why_not_run(const std::string& isa) {
  const KernelTable* table = find_table(isa.c_str());
  if (table == nullptr) return "this build has no table '" + isa + "'";
  const std::uint64_t mask = detect_cpu_features().mask;
  if (can_run(*table, mask)) return "";
  return "this CPU lacks " + cpu_mask_names(table->needs & ~mask);
}

std::vector<std::vector<Token>> read_token_lists(const std::string& path) {
  std::ifstream file(path);
  if (!file) return {};
  return nlohmann::json::parse(file).get<std::vector<std::vector<Token>>>();
}

Status open_model(const std::string& path, const Options& options, std::shared_ptr<Model>& out) {
  MappedFile file;
  MINNOW_TRY(MappedFile::open(path, file));
  return Model::open(std::move(file), options, out);
}

std::shared_ptr<Model> must_open(const std::string& path, const Options& options) {
  std::shared_ptr<Model> model;
  EXPECT_TRUE(is_ok(open_model(path, options, model)));
  return model;
}

std::unique_ptr<Session> must_create(const std::shared_ptr<Model>& model, const Options& options) {
  std::unique_ptr<Session> session;
  if (model == nullptr) return nullptr;
  EXPECT_TRUE(is_ok(Session::create(model, options, session)));
  return session;
}

Status all_logits(const std::shared_ptr<Model>& model, const std::vector<Token>& tokens,
                  const RunSetup& setup, std::vector<float>& out) {
  std::unique_ptr<Session> session;
  Options options = options_of(setup);
  if (!model->config().causal) {
    options.pooling = "none";
    options.normalize = 0;
  }
  MINNOW_TRY(Session::create(model, options, session));
  if (!model->config().causal) {
    Embedding states;
    MINNOW_TRY(session->embed(tokens, states));
    out.assign(states.values, states.values + states.n_rows * states.n_embd);
    return {};
  }
  struct Target {
    std::vector<float> values;
    std::size_t n_vocab;
  } target{{}, static_cast<std::size_t>(model->config().n_vocab)};
  const auto append = [](void* user, std::size_t, std::size_t n_rows, const float* logits) {
    auto* to = static_cast<Target*>(user);
    to->values.insert(to->values.end(), logits, logits + n_rows * to->n_vocab);
    return true;
  };
  MINNOW_TRY(session->evaluate(tokens, {append, &target}));
  out = std::move(target.values);
  return {};
}

Status logits_digest(const std::shared_ptr<Model>& model,
                     const std::vector<std::vector<Token>>& lists, const RunSetup& setup,
                     std::string& out) {
  Sha256 sha;
  for (const std::vector<Token>& tokens : lists) {
    std::vector<float> logits;
    MINNOW_TRY(all_logits(model, tokens, setup, logits));
    sha.update(logits.data(), logits.size() * sizeof(float));
  }
  out = to_hex(sha.digest());
  return {};
}

std::vector<GoldenModel> golden_models() {
  std::vector<GoldenModel> models;
  for (const char* name : {"gemma3", "llama", "llama3", "mistral", "qwen2"}) {
    const std::string base = data_path(std::string("tiny/") + name);
    models.push_back({name, base + ".gguf", base + ".tokens.json", false});
  }
  for (const char* name :
       {"bert", "falcon7b", "falcon_new", "gemma2", "gpt2", "mixtral", "phi3", "qwen3"}) {
    const std::string base = data_path(std::string("zoo/") + name);
    models.push_back({name, base + ".gguf", base + ".tokens.json", false});
  }
  for (const char* type : {"BF16", "F16", "Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K", "Q6_K",
                           "Q8_0", "IQ2_XXS", "IQ4_NL", "Q2_K", "TQ2_0"}) {
    const std::string name = std::string("qllama-") + type;
    models.push_back(
        {name, data_path("quant/" + name + ".gguf"), data_path("quant/qllama.tokens.json"), true});
  }
  return models;
}

std::string test_name(std::string text) {
  for (char& c : text) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return text;
}

::testing::AssertionResult is_ok(const Status& status) {
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << status_name(status.code()) << ": " << status.message();
}

::testing::AssertionResult fails(const Status& status, StatusCode code,
                                 const std::vector<std::string>& texts) {
  if (status.code() != code) {
    return ::testing::AssertionFailure() << "'" << status_name(status.code()) << "' instead of '"
                                         << status_name(code) << "': " << status.message();
  }
  for (const std::string& text : texts) {
    if (status.message().find(text) == std::string::npos)
      return ::testing::AssertionFailure() << "'" << text << "' is not in: " << status.message();
  }
  return ::testing::AssertionSuccess();
}

}  // namespace minnow::testing_support
