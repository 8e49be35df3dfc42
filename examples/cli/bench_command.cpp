// minnow bench: how fast a model runs here, beside what the machine allows.
//
// Decode is held against reading memory (weights, and the keys and values that a token sees),
// prefill against the integer units (multiplications with weights) and the float units (attention).
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include "bench_session.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "limits.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

struct BenchRequest {
  std::string model;
  std::int64_t n_prompt = 512, n_answer = 128, n_rounds = 5, depth = 0, n_parallel = 1;
  bool json = false, serve = false, sample = false;
  LibraryOptions options;
};

struct Spread {
  double median = 0, least = 0, most = 0;
};

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double middle = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  return {middle, values.front(), values.back()};
}

Json spread_json(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.least}, {"max", spread.most}};
}

// Time from a prompt that is there to its first token.
double first_token_seconds(BenchSession& bench, minnow_session* session,
                           const BenchRequest& request) {
  const double prefill = bench.prefill(request.n_prompt, request.depth);
  const auto start = std::chrono::steady_clock::now();
  minnow_token token = 0;
  check(minnow_session_sample(session, &token));
  return prefill + std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Rounds {
  std::vector<double> prefill_rates, decode_rates, first_token_times;
  std::vector<double> together_rates, together_gains;  // of all sessions, against one in that round
  std::vector<Json> limits;  // before and after each round, since machines change: their mean
};

Json mean_limits(const Json& before, const Json& after) {
  Json means;
  for (const auto& [name, value] : before.items())
    means[name] = (value.get<double>() + after.at(name).get<double>()) / 2;
  return means;
}

// Each limit's median over the rounds.
Json median_limits(const std::vector<Json>& limits) {
  Json medians;
  for (const auto& [name, value] : limits.front().items()) {
    std::vector<double> values;
    for (const Json& round : limits) values.push_back(round.at(name).get<double>());
    medians[name] = spread_of(values).median;
  }
  return medians;
}

Rounds run_rounds(BenchSession& bench, minnow_session* session, minnow_runtime* runtime,
                  std::vector<BenchSession>& together, const BenchRequest& request,
                  std::int64_t& out_peak_bytes) {
  bench.prefill(request.n_prompt, request.depth);  // warm-up
  const auto decode = [&](std::int64_t n) {
    return request.sample ? bench.answer(n, request.depth) : bench.decode(n, request.depth);
  };
  decode(std::min<std::int64_t>(request.n_answer, 4));
  if (!together.empty()) BenchSession::decode_together(together, 1, request.depth);
  out_peak_bytes = peak_resident_bytes();  // the limits take memory of their own
  Rounds rounds;
  Json before = measure_limits(runtime);
  for (std::int64_t round = 0; round < request.n_rounds; ++round) {
    rounds.first_token_times.push_back(first_token_seconds(bench, session, request));
    rounds.prefill_rates.push_back(static_cast<double>(request.n_prompt) /
                                   bench.prefill(request.n_prompt, request.depth));
    rounds.decode_rates.push_back(static_cast<double>(request.n_answer) / decode(request.n_answer));
    if (!together.empty()) {
      const auto n_tokens = request.n_answer * static_cast<std::int64_t>(together.size());
      const double seconds =
          BenchSession::decode_together(together, request.n_answer, request.depth);
      rounds.together_rates.push_back(static_cast<double>(n_tokens) / seconds);
      rounds.together_gains.push_back(rounds.together_rates.back() / rounds.decode_rates.back());
    }
    const Json after = measure_limits(runtime);
    rounds.limits.push_back(mean_limits(before, after));
    before = after;
  }
  return rounds;
}

// Of the limits that were measured in the same round; the median of the rounds.
Json median_percent(const minnow_model* model, const Json& stats, const Rounds& rounds,
                    const BenchRequest& request) {
  std::vector<double> prefill, decode;
  for (std::size_t i = 0; i < rounds.limits.size(); ++i) {
    const Json& limits = rounds.limits[i];
    prefill.push_back(percent_of_peaks(model, limits, {request.depth, request.n_prompt},
                                       rounds.prefill_rates[i]));
    decode.push_back(percent_of_bandwidth(model, limits, stats.at("kv_type").get<std::string>(),
                                          {request.depth, request.n_answer},
                                          rounds.decode_rates[i]));
  }
  return {{"prefill", spread_of(prefill).median}, {"decode", spread_of(decode).median}};
}

void write_text(const Json& r) {
  const auto spread = [](const Json& s) {
    return rate(s.at("median")) + " tok/s (" + rate(s.at("min")) + " to " + rate(s.at("max")) + ")";
  };
  const Json& cpu = r.at("cpu");
  const Json& limits = r.at("limits");
  const Json& percent = r.at("percent_of_limit");
  std::string features;
  for (const Json& feature : cpu.at("features")) features += " " + feature.get<std::string>();
  std::ostringstream text;
  text << "model        " << r.at("model").get<std::string>() << "\n"
       << "cpu          " << cpu.at("cpu").get<std::string>() << "," << features << "\n"
       << "kernels      " << cpu.at("table").get<std::string>() << ", " << cpu.at("threads")
       << " threads\n"
       << "prefill " << r.at("n_prompt") << "  " << spread(r.at("prefill_tokens_per_s")) << ", "
       << fixed(percent.at("prefill"), 0) << " % of what integer and float units allow\n"
       << "decode " << r.at("n_answer") << "   " << spread(r.at("decode_tokens_per_s")) << ", "
       << fixed(percent.at("decode"), 0) << " % of the read bandwidth"
       << (r.at("sample").get<bool>() ? ", every token sampled" : "") << "\n";
  if (r.contains("together"))
    text << "together " << r.at("together").at("n_sessions") << "  "
         << spread(r.at("together").at("tokens_per_s")) << ", "
         << fixed(r.at("together").at("times_one").at("median"), 1) << " times one session\n";
  text << "first token  " << fixed(r.at("first_token_seconds").at("median"), 3)
       << " s after the prompt\n"
       << "open         " << fixed(r.at("open_seconds"), 3) << " s\n"
       << "peak memory  " << in_megabytes(r.at("peak_resident_bytes")) << "\n"
       << "limits       " << fixed(limits.at("read_bytes_per_s").get<double>() / 1e9, 1)
       << " GB/s read, " << fixed(limits.at("integer_mac_per_s").get<double>() / 1e9, 0)
       << " G integer multiply-adds/s\n";
  write_out(text.str());
}

// For comparisons that take turns with another program: keeps the model open, writes a line of JSON
// about it and answers each line: "prefill N DEPTH", "decode N DEPTH" and "answer N DEPTH" with the
// seconds it took, "bytes N DEPTH" with what such a decode reads for a token, and "limits" with
// what the machine can do at most just then.
void serve(minnow_model* model, minnow_session* session, minnow_runtime* runtime) {
  BenchSession bench(model, session);
  char* text = nullptr;
  check(minnow_session_stats(session, &text));
  const Json stats = take_json(text);
  write_out(json_line({{"version", MINNOW_PROGRAM_VERSION},
                       {"n_ctx", stats.at("n_ctx")},
                       {"macs_per_prompt_token", model_int(model, "macs_per_prompt_token")},
                       {"open_seconds", seconds_since_start()}}));
  const auto figure = [&](const std::string& what, TokenRange tokens) -> std::optional<double> {
    if (tokens.n < 1 || tokens.depth < 0) return std::nullopt;
    if (what == "prefill") return bench.prefill(tokens.n, tokens.depth);
    if (what == "decode") return bench.decode(tokens.n, tokens.depth);
    if (what == "answer") return bench.answer(tokens.n, tokens.depth);
    if (what == "bytes")
      return bytes_per_token(model, stats.at("kv_type").get<std::string>(), tokens);
    return std::nullopt;
  };
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line == "limits") {
      write_out(json_line(measure_limits(runtime)));
      continue;
    }
    std::istringstream words(line);
    std::string what;
    TokenRange tokens{};
    const bool complete(words >> what >> tokens.n >> tokens.depth);
    const std::optional<double> value = complete ? figure(what, tokens) : std::nullopt;
    if (!value)
      throw Failure(kExitUsage, "'" + line +
                                    "': \"limits\", or \"prefill\", \"decode\", \"answer\" or "
                                    "\"bytes\" with N DEPTH, is expected");
    write_out(fixed(*value, 9) + "\n");
  }
}

void measure(const BenchRequest& request, minnow_model* model, minnow_session* session,
             minnow_runtime* runtime, std::vector<BenchSession>& together, double open_seconds) {
  BenchSession bench(model, session);
  std::int64_t peak = 0;
  const Rounds rounds = run_rounds(bench, session, runtime, together, request, peak);
  char* text = nullptr;
  check(minnow_session_stats(session, &text));
  const Json stats = take_json(text);
  check(minnow_runtime_describe(runtime, &text));
  const Json machine = take_json(text);
  Json result = {{"model", model_path(request.model)},
                 {"n_prompt", request.n_prompt},
                 {"n_answer", request.n_answer},
                 {"n_rounds", request.n_rounds},
                 {"depth", request.depth},
                 {"sample", request.sample},
                 {"n_ctx", stats.at("n_ctx")},
                 {"prefill_tokens_per_s", spread_json(spread_of(rounds.prefill_rates))},
                 {"decode_tokens_per_s", spread_json(spread_of(rounds.decode_rates))},
                 {"first_token_seconds", spread_json(spread_of(rounds.first_token_times))},
                 {"open_seconds", open_seconds},
                 {"peak_resident_bytes", peak},
                 {"percent_of_limit", median_percent(model, stats, rounds, request)},
                 {"limits", median_limits(rounds.limits)},
                 {"cpu", machine}};
  if (!together.empty())
    result["together"] = {{"n_sessions", together.size()},
                          {"tokens_per_s", spread_json(spread_of(rounds.together_rates))},
                          {"times_one", spread_json(spread_of(rounds.together_gains))}};
  request.json ? write_out(json_line(result)) : write_text(result);
}

void bench(BenchRequest& request) {
  if (request.n_prompt < 1 || request.n_answer < 1 || request.n_rounds < 1 ||
      request.n_parallel < 1 || request.depth < 0)
    throw Failure(kExitUsage, "-p, -n, -r and --parallel are at least 1, -d is at least 0");
  const std::int64_t n_before = request.sample ? BenchSession::kStoryTokens : 0;
  const std::int64_t n_longest =
      request.depth + std::max(request.n_prompt, n_before + request.n_answer);
  request.options.set_default("n_ctx", std::to_string(n_longest));
  // Screening is for sampling; computing all logits is slower with it.
  if (!request.sample) request.options.set_default("head_screening", "off");
  const OptionsHandle options = request.options.make();
  minnow_runtime* made = nullptr;
  check(minnow_runtime_create(options.get(), &made), Doing::kReadingOptions);
  const RuntimeHandle runtime(made);
  check(minnow_options_set_runtime(options.get(), made), Doing::kReadingOptions);
  const double before = seconds_since_start();
  const ModelHandle model = open_model(request.model, options.get());
  const double open_seconds = seconds_since_start() - before;
  const SessionHandle session = create_session(model.get(), options.get());
  const Interruptible interruptible(session.get());
  if (request.serve) return serve(model.get(), session.get(), made);
  std::vector<SessionHandle> more;
  std::vector<BenchSession> together;
  while (request.n_parallel > 1 && std::ssize(together) < request.n_parallel) {
    more.push_back(create_session(model.get(), options.get()));
    together.emplace_back(model.get(), more.back().get());
  }
  measure(request, model.get(), session.get(), made, together, open_seconds);
}

}  // namespace

void add_bench_command(CLI::App& program) {
  const auto request = std::make_shared<BenchRequest>();
  CLI::App* command =
      program.add_subcommand("bench", "Measure speed and memory, and the machine's limits");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_option("-p,--n-prompt", request->n_prompt, "tokens of the prompt")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("-n,--n-answer", request->n_answer, "tokens to decode")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("-r,--rounds", request->n_rounds, "repetitions")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("-d,--depth", request->depth, "tokens that are there before")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--parallel", request->n_parallel,
                   "also decode so many sessions together, as a server does")
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--sample", request->sample,
                    "choose every decoded token as an answer does, with --temp, --top-k, ...");
  command->add_flag("--json", request->json, "one JSON object");
  command->add_flag("--serve", request->serve, "time what standard input asks for")->group("");
  request->options.add_to(
      *command, LibraryOptions::kMachine | LibraryOptions::kContext | LibraryOptions::kSampling);
  command->callback([request] { bench(*request); });
}

}  // namespace minnow::program
