// minnow perplexity: how well a model predicts a text: the mean negative log-likelihood of every
// token but the first, each given all before it, read in one context from position 0.
#include <algorithm>
#include <cmath>
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "loading.hpp"
#include "token_lists.hpp"

namespace minnow::program {

namespace {

struct PerplexityRequest {
  std::string model, file, tokens;
  bool json = false;
  LibraryOptions options;
};

struct Score {
  const TokenList* tokens = nullptr;
  std::size_t n_vocab = 0;
  std::size_t n_scored = 0;
  double nll = 0;  // the sum, in nats
};

// -log of the probability that these logits [n_vocab] give to a token.
double negative_log_likelihood(const float* logits, std::size_t n_vocab, minnow_token token) {
  const double most = *std::max_element(logits, logits + n_vocab);
  double sum = 0;
  for (std::size_t i = 0; i < n_vocab; ++i) sum += std::exp(double{logits[i]} - most);
  return most + std::log(sum) - double{logits[token]};
}

minnow_flow score_rows(void* user, std::size_t first, std::size_t n_rows, const float* logits) {
  Score& score = *static_cast<Score*>(user);
  for (std::size_t i = 0; i < n_rows && first + i + 1 < score.tokens->size(); ++i) {
    const minnow_token next = (*score.tokens)[first + i + 1];
    score.nll += negative_log_likelihood(logits + i * score.n_vocab, score.n_vocab, next);
    score.n_scored += 1;
  }
  return MINNOW_CONTINUE;
}

std::vector<TokenList> read_sequences(const PerplexityRequest& request, const minnow_model* model) {
  std::vector<TokenList> lists;
  if (!request.tokens.empty()) {
    lists = read_token_lists(request.tokens);
  } else {
    const std::string text = request.file == "-" ? read_piped_input() : read_file(request.file);
    lists.push_back(tokenize(model, text, MINNOW_ADD_SPECIAL));
  }
  for (const TokenList& list : lists) {
    if (list.size() < 2) throw Failure(kExitFailed, "a text of at least two tokens is needed");
  }
  return lists;
}

void perplexity(PerplexityRequest& request) {
  if (request.file.empty() == request.tokens.empty())
    throw Failure(kExitUsage, "give either --file or --tokens");
  const ModelHandle model = open_model(request.model, request.options.make().get());
  const std::vector<TokenList> lists = read_sequences(request, model.get());
  std::size_t n_longest = 0, n_tokens = 0;
  for (const TokenList& list : lists) {
    n_longest = std::max(n_longest, list.size());
    n_tokens += list.size();
  }
  request.options.set_default("n_ctx", std::to_string(n_longest));
  request.options.set_default("n_logits", "16");
  const SessionHandle session = create_session(model.get(), request.options.make().get());
  const Interruptible interruptible(session.get());
  Score score;
  score.n_vocab = static_cast<std::size_t>(model_int(model.get(), "n_vocab"));
  for (const TokenList& list : lists) {
    score.tokens = &list;
    check(minnow_session_truncate(session.get(), 0));
    check(minnow_session_evaluate(session.get(), list.data(), list.size(), &score_rows, &score));
  }
  const double mean = score.nll / static_cast<double>(score.n_scored);
  if (request.json)
    return write_out(json_line({{"n_tokens", n_tokens},
                                {"n_scored", score.n_scored},
                                {"mean_nll", mean},
                                {"perplexity", std::exp(mean)}}));
  write_out(with_commas(static_cast<std::int64_t>(n_tokens)) +
            " tokens, mean negative log-likelihood " + fixed(mean, 4) + ", perplexity " +
            fixed(std::exp(mean), 3) + "\n");
}

}  // namespace

void add_perplexity_command(CLI::App& program) {
  const auto request = std::make_shared<PerplexityRequest>();
  CLI::App* command =
      program.add_subcommand("perplexity", "Measure how well a model predicts a text");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command
      ->add_option("-f,--file", request->file,
                   "a text; it gets the BOS token where the model wants it")
      ->type_name("FILE");
  command->add_option("--tokens", request->tokens, "a JSON file: a list of ids, or of such lists")
      ->type_name("FILE");
  command->add_flag("--json", request->json, "n_tokens, n_scored, mean_nll and perplexity as JSON");
  request->options.add_to(*command, LibraryOptions::kMachine | LibraryOptions::kContext);
  command->callback([request] { perplexity(*request); });
}

}  // namespace minnow::program
