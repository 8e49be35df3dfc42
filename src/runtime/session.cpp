#include "runtime/session.hpp"

#include <algorithm>
#include <utility>

#include "sampling/dry_breakers.hpp"
#include "tokenizer/tokenizer.hpp"

namespace minnow {

namespace {

constexpr std::int64_t kDefaultContext = 4096;

KvType kv_type_of(const Options& options) {
  if (options.kv_type == "q8_0") return KvType::kQ8_0;
  return options.kv_type == "f32" ? KvType::kF32 : KvType::kF16;
}

VocabTexts texts_of(const Tokenizer& tokenizer) {
  VocabTexts texts;
  texts.self = &tokenizer;
  texts.n_vocab = static_cast<int>(tokenizer.n_vocab());
  texts.text = [](const void* self, Token token) {
    return static_cast<const Tokenizer*>(self)->piece(token);
  };
  texts.tokenize = [](const void* self, std::string_view text, std::vector<Token>* tokens) {
    std::pmr::vector<Token> ids;
    // A text of 40 bytes cannot be too long, so this does not fail.
    if (static_cast<const Tokenizer*>(self)->encode(text, {false, false}, &ids).ok())
      tokens->assign(ids.begin(), ids.end());
  };
  return texts;
}

KvShape kv_shape_of(const SessionSize& size, const Options& options) {
  return {size.n_ctx, size.n_batch, kv_type_of(options)};
}

// Of the encoded text, which is stored at once and seen whole.
KvShape source_shape(const KvShape& shape) {
  return {shape.n_ctx, shape.n_ctx, shape.type};
}

// Everything that holds keys and values.
void plan_caches(const ModelConfig& config, const KvShape& shape, ArenaPlan& plan) {
  if (config.causal) KvCache::plan(config, shape, plan);
  if (config.n_encoder_layers > 0) KvCache::plan(config, source_shape(shape), plan);
  if (config.has_encoder()) Encoder::plan(config, shape.n_ctx, plan);
}

Pooling pooling_of(const ModelConfig& config, const Options& options) {
  constexpr std::string_view kNames[] = {"none", "mean", "cls", "last", "rank"};
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (options.pooling == kNames[i]) return static_cast<Pooling>(i);
  return config.pooling;
}

WorkspaceShape shape_of(const ModelConfig& config, const SessionSize& size, bool has_split_head,
                        const Options& options, int n_threads) {
  WorkspaceShape shape;
  shape.n_ctx = size.n_ctx;
  shape.n_batch = config.has_encoder() ? size.n_ctx : size.n_batch;  // encoders read whole texts
  shape.n_logits = std::min(options.n_logits, size.n_batch);
  shape.n_threads = n_threads;
  shape.has_split_head = has_split_head;
  return shape;
}

}  // namespace

Status size_session(const ModelConfig& config, bool has_split_head, const Options& options,
                    const KernelTable& table, int n_threads, SessionSize& out) {
  SessionSize size;
  size.n_ctx = options.n_ctx > 0 ? options.n_ctx : std::min(config.n_ctx_train, kDefaultContext);
  size.n_batch = std::min(options.n_batch, size.n_ctx);
  ArenaPlan cache;
  plan_caches(config, kv_shape_of(size, options), cache);
  ArenaPlan all = cache;
  Workspace unused;
  plan_workspace(config, table, shape_of(config, size, has_split_head, options, n_threads), all,
                 nullptr, unused);
  Pooler::plan(config, pooling_of(config, options), size.n_ctx, all);
  all.reserve_array<Token>(static_cast<std::size_t>(size.n_ctx));
  if (has_split_head) all.reserve_array<Candidate>(kMostFound);
  MINNOW_TRY(all.check());
  size.kv_bytes = cache.n_bytes();
  size.arena_bytes = all.arena_bytes();
  out = size;
  return {};
}

Status Session::create(std::shared_ptr<Model> model, const Options& options,
                       std::unique_ptr<Session>& out) {
  auto session = std::make_unique<Session>(std::move(model), options);
  MINNOW_TRY(session->allocate());
  out = std::move(session);
  return {};
}

Session::Session(std::shared_ptr<Model> model, const Options& options)
    : model_(std::move(model)),
      options_(options),
      cache_(&model_->runtime().memory()),
      source_(&model_->runtime().memory()),
      adapters_(&model_->runtime().memory()),
      governor_(cancel_, model_->runtime().pool(), model_->runtime().duty_percent()) {}

Status Session::allocate() {
  const ModelConfig& config = model_->config();
  Runtime& runtime = model_->runtime();
  const int n_threads = runtime.pool().n_threads();
  const bool has_split_head = model_->weights().output.is_split;
  MINNOW_TRY(size_session(config, has_split_head, options_, runtime.table(), n_threads, size_));
  if (size_.n_ctx > config.n_ctx_train)
    runtime.log(Runtime::Level::kWarning,
                join("a context of ", size_.n_ctx, " tokens is longer than the ",
                     config.n_ctx_train, " that the model was trained for"));
  // The same steps as in size_session(), now on a real arena.
  const WorkspaceShape shape = shape_of(config, size_, has_split_head, options_, n_threads);
  const KvShape kv_shape = kv_shape_of(size_, options_);
  const Pooling pooling = pooling_of(config, options_);
  const auto n_tokens = static_cast<std::size_t>(size_.n_ctx);
  ArenaPlan plan;
  plan_caches(config, kv_shape, plan);
  plan_workspace(config, runtime.table(), shape, plan, nullptr, work_);
  Pooler::plan(config, pooling, size_.n_ctx, plan);
  plan.reserve_array<Token>(n_tokens);
  if (has_split_head) plan.reserve_array<Candidate>(kMostFound);
  MINNOW_TRY(Arena::create(plan, runtime.memory(), "a session", arena_));
  ArenaPlan cursor;
  if (config.causal) cache_.lay_out(config, kv_shape, arena_, cursor);
  if (config.n_encoder_layers > 0) source_.lay_out(config, source_shape(kv_shape), arena_, cursor);
  ArenaPlan encoder_cursor = cursor;
  if (config.has_encoder()) Encoder::plan(config, size_.n_ctx, cursor);
  plan_workspace(config, runtime.table(), shape, cursor, &arena_, work_);
  if (config.has_encoder())
    encoder_.emplace(config, model_->weights(), work_, arena_, encoder_cursor, &runtime.memory());
  if (config.causal) decoder_.emplace(config, model_->weights(), cache_, work_);
  pooler_.emplace(config, model_->weights(), work_, pooling, options_.normalize != 0, arena_,
                  cursor);
  tokens_ = arena_.array<Token>(cursor.reserve_array<Token>(n_tokens));
  if (has_split_head)
    candidates_ = arena_.array<Candidate>(cursor.reserve_array<Candidate>(kMostFound));
  return make_sampler();
}

Status Session::make_sampler() {
  std::pmr::memory_resource* const memory = &model_->runtime().memory();
  SamplerSetup setup;
  setup.n_vocab = model_->config().n_vocab;
  setup.n_context = static_cast<int>(size_.n_ctx);
  DryBreakers breakers(memory);
  if (options_.sampling.dry_multiplier > 0) {  // otherwise not worth a pass over the vocabulary
    breakers.add_texts(options_.sampling.dry_sequence_breakers, texts_of(model_->tokenizer()));
    setup.dry_breakers = &breakers;
  }
  return Sampler::create(options_.sampling, setup, memory, &sampler_);
}

OpContext Session::context() {
  Runtime& runtime = model_->runtime();
  return {&runtime.table(), &runtime.pool(),      &cancel_,
          work_.scratch,    work_.scratch_stride, attached_.empty() ? nullptr : &adapters_,
          &governor_};
}

Status Session::check_room(std::size_t n_tokens) const {
  if (static_cast<std::int64_t>(n_tokens) <= size_.n_ctx - n_tokens_) return {};
  return error(StatusCode::kContextFull, "the context holds ", size_.n_ctx, " tokens and has ",
               n_tokens_, "; ", n_tokens, " more do not fit (raise n_ctx)");
}

Status Session::check_tokens(std::span<const Token> tokens) const {
  MINNOW_TRY(check_room(tokens.size()));
  const auto n_vocab = static_cast<std::uint32_t>(model_->config().n_vocab);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (static_cast<std::uint32_t>(tokens[i]) >= n_vocab)
      return error(StatusCode::kInvalidArgument, "token ", i, " is ", tokens[i],
                   ", which is not in the vocabulary of ", n_vocab);
  }
  return {};
}

Status Session::check_decoder() const {
  if (!decoder_)
    return error(StatusCode::kUnsupported,
                 "the model encodes texts and has no next token; it can embed");
  if (encoder_ && !has_source_)
    return error(StatusCode::kInvalidArgument,
                 "the model answers an encoded text: encode one before reading tokens");
  return {};
}

// One pass. On failure the session's tokens are as before: what the cache holds beyond them is
// never looked at.
Status Session::read_batch(std::span<const Token> tokens) {
  hidden_row_ = -1;
  has_logits_ = false;
  const std::int64_t end = n_tokens_ + static_cast<std::int64_t>(tokens.size());
  oldest_chunk_ = std::max(oldest_chunk_, first_chunk_at(end));  // even if the pass fails
  MINNOW_TRY(decoder_->forward(context(), tokens, n_tokens_));
  take(tokens, model_->bytes_per_token());
  return {};
}

// What a pass has read becomes the session's.
void Session::take(std::span<const Token> tokens, std::int64_t n_weight_bytes) {
  const auto n = static_cast<std::int64_t>(tokens.size());
  counts_.n_tokens += n;
  counts_.n_weight_bytes += n_weight_bytes;
  if (tokens.data() != tokens_ + n_tokens_)  // truncate() reads the session's own tokens again
    std::copy(tokens.begin(), tokens.end(), tokens_ + n_tokens_);
  for (const Token token : tokens) sampler_->accept(token);
  n_tokens_ += n;
  hidden_row_ = n - 1;
}

Status Session::prefill(std::span<const Token> tokens) {
  MINNOW_TRY(check_decoder());
  MINNOW_TRY(check_tokens(tokens));
  const std::size_t total = tokens.size();
  while (!tokens.empty()) {
    const std::size_t n = std::min(tokens.size(), static_cast<std::size_t>(size_.n_batch));
    MINNOW_TRY(read_batch(tokens.first(n)));
    tokens = tokens.subspan(n);
    const ProgressHook& progress = options_.progress;
    if (progress.callback != nullptr && total > 1 &&
        !progress.callback(progress.user, total - tokens.size(), total))
      return error(StatusCode::kCancelled,
                   "reading the prompt was stopped by its progress callback");
  }
  return {};
}

Status Session::evaluate(std::span<const Token> tokens, const LogitsSink& sink) {
  MINNOW_TRY(check_decoder());
  MINNOW_TRY(check_tokens(tokens));
  std::size_t first = 0;
  while (first < tokens.size()) {
    const std::size_t n = std::min(tokens.size() - first, static_cast<std::size_t>(size_.n_batch));
    MINNOW_TRY(read_batch(tokens.subspan(first, n)));
    for (std::size_t row = 0; row < n;) {
      const std::size_t n_rows = std::min(n - row, static_cast<std::size_t>(work_.n_logits));
      MINNOW_TRY(decoder_->compute_logits(context(), static_cast<std::int64_t>(row),
                                          static_cast<std::int64_t>(n_rows)));
      if (!sink.callback(sink.user, first + row, n_rows, work_.logits))
        return error(StatusCode::kCancelled, "evaluating was stopped by its callback");
      row += n_rows;
    }
    first += n;
  }
  return {};
}

Status Session::logits(std::span<const float>& out) {
  MINNOW_TRY(check_decoder());
  if (hidden_row_ < 0)
    return error(StatusCode::kInvalidArgument,
                 "there are no logits: read a token first (after truncate(), read the last again)");
  if (!has_logits_) {
    MINNOW_TRY(decoder_->compute_logits(context(), hidden_row_, 1));
    has_logits_ = true;
  }
  out = {work_.logits, static_cast<std::size_t>(model_->config().n_vocab)};
  return {};
}

Status Session::sample(Token& out) {
  ++counts_.n_sampled;
  bool decided = false;
  MINNOW_TRY(sample_screened(out, decided));
  if (decided) return {};
  std::span<const float> values;
  MINNOW_TRY(logits(values));
  return sampler_->sample(values, static_cast<std::uint64_t>(n_tokens_), &out);
}

// Samples from what the head's upper plane leaves, if that is enough for the sampler's chain.
// A text whose logits are too close to each other is not tried again at once.
Status Session::sample_screened(Token& out, bool& decided) {
  constexpr std::int64_t kLongestPause = 64;
  if (candidates_ == nullptr || hidden_row_ < 0 || has_logits_) return {};
  if (adapters_.adapts(model_->weights().output)) return {};  // the bounds are the base's
  if (screen_pause_ > 0) {
    --screen_pause_;
    return {};
  }
  const LogitsNeed need = sampler_->need();
  if (need.of == LogitsNeed::Of::kAll) return {};
  ScreenResult found;
  MINNOW_TRY(decoder_->screen_logits(
      context(), hidden_row_, {need.n_best, need.below_best, sampler_->edited_tokens()}, found));
  if (!found.decided) {
    ++screen_counts_.n_undecided;
    screen_pause_ = next_screen_pause_;
    next_screen_pause_ = std::min(2 * next_screen_pause_, kLongestPause);
    return {};
  }
  ++screen_counts_.n_screened;
  screen_counts_.n_refined += found.n_refined;
  next_screen_pause_ = 1;
  const auto n_found = static_cast<std::size_t>(found.n_found);
  for (std::size_t i = 0; i < n_found; ++i)
    candidates_[i] = {work_.screen.found[i], work_.screen.found_logits[i], 0.0f};
  decided = true;
  return sampler_->sample(std::span<const Candidate>(candidates_, n_found), {},
                          static_cast<std::uint64_t>(n_tokens_), &out);
}

std::span<const float> Session::last_state() const {
  if (hidden_row_ < 0) return {};
  const auto n_embd = static_cast<std::size_t>(model_->config().n_embd);
  return {work_.x + static_cast<std::size_t>(hidden_row_) * n_embd, n_embd};
}

void Session::adopt(std::span<const Token> tokens, std::span<const float> last_state,
                    const SamplerProgress& progress, std::int64_t oldest_chunk) {
  std::copy(tokens.begin(), tokens.end(), tokens_);
  n_tokens_ = static_cast<std::int64_t>(tokens.size());
  std::copy(last_state.begin(), last_state.end(), work_.x);
  hidden_row_ = last_state.empty() ? -1 : 0;
  has_logits_ = false;
  sampler_->reset();
  for (const Token token : tokens) sampler_->accept(token);
  sampler_->set_progress(progress);
  oldest_chunk_ = oldest_chunk;
}

// The first chunk that layers with a window still have once `end` positions are stored.
std::int64_t Session::first_chunk_at(std::int64_t end) const {
  const ModelConfig& config = model_->config();
  const std::int64_t n_chunks = (end + kChunkPositions - 1) / kChunkPositions;
  std::int64_t first = 0;
  for (std::int32_t i = 0; i < config.n_layers; ++i)
    if (config.has_window(i)) first = std::max(first, n_chunks - cache_.layer(i).n_slots);
  return first;
}

ChunkRange Session::kept_chunks(std::int32_t layer) const {
  const std::int64_t end = (n_tokens_ + kChunkPositions - 1) / kChunkPositions;
  return {model_->config().has_window(layer) ? std::min(oldest_chunk_, end) : 0, end};
}

// Whether the cache still has all that a token at `position` looks back to.
bool Session::has_window(std::int64_t position) const {
  const std::int64_t looks_back_to =
      std::max<std::int64_t>(0, position - model_->config().window + 1);
  return looks_back_to / kChunkPositions >= oldest_chunk_;
}

Status Session::truncate(std::int64_t n_tokens) {
  if (n_tokens < 0 || n_tokens > n_tokens_)
    return error(StatusCode::kInvalidArgument, "cannot truncate to ", n_tokens,
                 " tokens: the session has ", n_tokens_);
  if (n_tokens == n_tokens_) return {};
  const bool is_kept = has_window(n_tokens);
  n_tokens_ = is_kept ? n_tokens : 0;
  if (n_tokens_ == 0) oldest_chunk_ = 0;
  hidden_row_ = -1;
  has_logits_ = false;
  sampler_->reset();
  for (const Token token : tokens()) sampler_->accept(token);
  if (is_kept) return {};
  // Layers with a window have let go what the next token would look back to.
  return prefill({tokens_, static_cast<std::size_t>(n_tokens)});
}

}  // namespace minnow
