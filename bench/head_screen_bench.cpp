// Decoding with a sampler, with and without screening of the output head, in turns:
//
//   head_screen_bench MODEL TEXT [n_tokens [rounds [isa [threads]]]]
//
// Reads the start of TEXT as the prompt, then samples and decodes n_tokens. Each line is a sampler
// by the options of --help; it gives tokens a second (median of the rounds) both ways and their
// ratio, the share of the head's rows that were read whole, and how many tokens were left
// undecided. The tokens of both ways must be the same.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "runtime/model.hpp"
#include "runtime/session.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {
namespace {

using Clock = std::chrono::steady_clock;
using Settings = std::vector<std::pair<const char*, const char*>>;

constexpr std::size_t kPromptTokens = 128;

struct SamplerCase {
  const char* name;
  Settings settings;
};

const SamplerCase kCases[] = {
    {"--temp 0", {{"temperature", "0"}}},
    {"--temp 0.8 --top-k 10", {{"top_k", "10"}}},
    {"--temp 0.8 --top-k 40 --top-p 0.95", {}},
    {"--temp 0.8 --top-k 40 --repeat-penalty 1.1", {{"repeat_penalty", "1.1"}}},
    {"--temp 1 --top-k 64 --top-p 0.95 --min-p 0",
     {{"temperature", "1"}, {"top_k", "64"}, {"min_p", "0"}}},
    {"--temp 0.8 --top-k 0 --top-p 1 --min-p 0.05", {{"top_k", "0"}, {"top_p", "1"}}},
};

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(1);
}

struct Run {
  double tokens_per_second = 0;
  std::vector<Token> tokens;
  Session::ScreenCounts counts;
};

Run run(const std::shared_ptr<Model>& model, const SamplerCase& sampler,
        const std::vector<Token>& prompt, int n_tokens) {
  Options options;
  options.n_ctx = static_cast<std::int64_t>(prompt.size()) + n_tokens;
  options.sampling.seed = 1;
  for (const auto& [name, value] : sampler.settings)
    must(set_sampling_option(name, std::string_view(value), &options.sampling));
  std::unique_ptr<Session> session;
  must(Session::create(model, options, session));
  must(session->prefill(prompt));
  Run result;
  const auto start = Clock::now();
  for (int i = 0; i < n_tokens; ++i) {
    Token token = kNoToken;
    must(session->sample(token));
    result.tokens.push_back(token);
    must(session->decode(token));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  result.tokens_per_second = n_tokens / seconds;
  result.counts = session->screen_counts();
  return result;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const std::shared_ptr<Model> models[2], const SamplerCase& sampler,
             const std::vector<Token>& prompt, int n_tokens, int n_rounds) {
  std::vector<double> rates[2];
  Run last[2];
  for (int round = 0; round < n_rounds; ++round) {
    for (int screens = 0; screens < 2; ++screens) {
      last[screens] = run(models[screens], sampler, prompt, n_tokens);
      rates[screens].push_back(last[screens].tokens_per_second);
    }
  }
  const Session::ScreenCounts& counts = last[1].counts;
  const double rows = static_cast<double>(std::max<std::int64_t>(counts.n_screened, 1)) *
                      static_cast<double>(models[1]->config().n_vocab);
  std::printf("%-46s %6.1f -> %6.1f tok/s  x%.2f  refined %5.2f %%  undecided %ld of %d%s\n",
              sampler.name, median(rates[0]), median(rates[1]), median(rates[1]) / median(rates[0]),
              100.0 * static_cast<double>(counts.n_refined) / rows,
              static_cast<long>(counts.n_undecided), n_tokens,
              last[0].tokens == last[1].tokens ? "" : "  TOKENS DIFFER");
  std::fflush(stdout);
}

int number(int argc, char** argv, int i, int otherwise) {
  return argc > i ? std::atoi(argv[i]) : otherwise;
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) {
  using namespace minnow;
  if (argc < 3) {
    std::fprintf(stderr, "head_screen_bench MODEL TEXT [n_tokens [rounds [isa [threads]]]]\n");
    return 2;
  }
  std::shared_ptr<Model> models[2];
  for (int screens = 0; screens < 2; ++screens) {
    Options options;
    options.head_screening = screens == 1 ? "on" : "off";
    options.isa = argc > 5 ? argv[5] : "auto";
    options.threads = number(argc, argv, 6, 0);
    MappedFile file;
    must(MappedFile::open(argv[1], file));
    must(Model::open(std::move(file), options, models[screens]));
  }
  std::ifstream file(argv[2], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::pmr::vector<Token> tokens;
  must(models[0]->tokenizer().encode(text, {true, false}, &tokens));
  tokens.resize(std::min(tokens.size(), kPromptTokens));
  const std::vector<Token> prompt(tokens.begin(), tokens.end());
  for (const SamplerCase& sampler : kCases)
    compare(models, sampler, prompt, number(argc, argv, 3, 64), number(argc, argv, 4, 3));
  return 0;
}
