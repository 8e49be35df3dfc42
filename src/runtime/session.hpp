// Session: one conversation with a model on the level of tokens: what was read, its keys and
// values, the logits after it, a sampler. One thread at a time; only cancel() may come from
// anywhere. All memory is taken by create(); reading and sampling allocate nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/arena.hpp"
#include "base/status.hpp"
#include "base/token.hpp"
#include "model/decoder.hpp"
#include "model/encoder.hpp"
#include "model/kv_cache.hpp"
#include "model/pooler.hpp"
#include "model/workspace.hpp"
#include "runtime/lora_adapter.hpp"
#include "runtime/model.hpp"
#include "runtime/options.hpp"
#include "sampling/sampler.hpp"

namespace minnow {

// What a session with some options takes, in bytes.
struct SessionSize {
  std::int64_t n_ctx = 0;
  std::int64_t n_batch = 0;
  std::size_t kv_bytes = 0;     // keys and values
  std::size_t arena_bytes = 0;  // everything, keys and values included
};

// kInvalidArgument when the options do not fit the model.
Status size_session(const ModelConfig& config, bool has_split_head, const Options& options,
                    const KernelTable& table, int n_threads, SessionSize& out);

// Chunks of kChunkPositions positions: [first, end).
struct ChunkRange {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

class Session {
 public:
  static Status create(std::shared_ptr<Model> model, const Options& options,
                       std::unique_ptr<Session>& out);

  // Use create(). Public only for std::make_unique.
  Session(std::shared_ptr<Model> model, const Options& options);

  // Reads tokens after those already there, in batches of n_batch. kContextFull, kInvalidArgument
  // (an id outside the vocabulary): nothing was read. kCancelled, kNumeric: whole batches were.
  Status prefill(std::span<const Token> tokens);
  Status decode(Token token) { return prefill({&token, 1}); }

  // decode(tokens[i]) in sessions[i], for sessions of one model: the weights are read once for up
  // to 64 of them, and so is the head: logits() costs nothing afterwards. The same bits as one by
  // one. When a token does not fit or exist, none is read. kCancelled (of the first session's
  // cancel()) and kNumeric leave groups of up to 64 sessions as they were.
  static Status decode_together(std::span<Session* const> sessions, std::span<const Token> tokens);
  // kInvalidArgument: one is in the list twice.
  static Status check_different(std::span<Session* const> sessions);

  // As prefill, giving the logits of every token: sink(first, n_rows, logits [n_rows, n_vocab]),
  // which returns false to stop (kCancelled).
  struct LogitsSink {
    bool (*callback)(void* user, std::size_t first, std::size_t n_rows, const float* logits);
    void* user;
  };
  Status evaluate(std::span<const Token> tokens, const LogitsSink& sink);

  // The logits [n_vocab] after the last token; computed when first asked for, valid until the next
  // call. kInvalidArgument when no token was read since the start or truncate().
  Status logits(std::span<const float>& out);
  // The next token. Looks at all logits only if the options or the text ask for it
  // (head_screening); the token is the same.
  Status sample(Token& out);

  // What screening did since the session was created.
  struct ScreenCounts {
    std::int64_t n_screened = 0;   // tokens that were sampled so
    std::int64_t n_undecided = 0;  // that needed all logits after all
    std::int64_t n_refined = 0;    // rows of the head that were read whole for the former
  };
  const ScreenCounts& screen_counts() const { return screen_counts_; }

  // The text as a vector, a score or a vector a token (embedding.cpp): by the model's encoder, or,
  // in models without one, by the states that the decoder ends with. `out` is valid until the next
  // call. The session has read nothing afterwards.
  Status embed(std::span<const Token> tokens, Embedding& out);

  // Of models with an encoder and a decoder: encodes a text, which everything read from then on
  // answers, until the next encode() or embed(). The decoder starts anew.
  Status encode(std::span<const Token> tokens);

  std::int64_t position() const { return n_tokens_; }
  std::int64_t n_ctx() const { return size_.n_ctx; }
  std::span<const Token> tokens() const { return {tokens_, static_cast<std::size_t>(n_tokens_)}; }
  // Forgets all from position n_tokens on. Where layers with a window have already let go what the
  // next token would look back to, the tokens that are kept are read again, as by prefill().
  Status truncate(std::int64_t n_tokens);

  // For saving, restoring and copying (runtime/session_state.hpp). The cache's positions from
  // position() on hold anything.
  const KvCache& cache() const { return cache_; }
  std::span<const float> last_state()
      const;  // [n_embd] of the last token; empty when there is none
  SamplerProgress sampler_progress() const { return sampler_->progress(); }
  // The chunks of a layer that hold positions below position().
  ChunkRange kept_chunks(std::int32_t layer) const;
  std::int64_t oldest_chunk() const { return oldest_chunk_; }
  // Takes over tokens whose keys and values the caller has put into the cache, at most n_ctx();
  // layers with a window have those from oldest_chunk on.
  void adopt(std::span<const Token> tokens, std::span<const float> last_state,
             const SamplerProgress& progress, std::int64_t oldest_chunk);

  // The log-probability of each continuation after what was read and `context`; of its first
  // n_given tokens nothing is counted. The session is as before. kContextFull: they do not fit.
  struct Continuation {
    std::span<const Token> tokens;
    std::size_t n_given = 0;
  };
  Status score(std::span<const Token> context, std::span<const Continuation> continuations,
               double* out);

  // Adapters that correct what is read from now on, in the order of attachment. Attaching one again
  // changes its scale, in its place; scale 0 detaches it. A change starts the session anew: what
  // was read was read without it. kMismatch: the adapter was opened for another model.
  struct Attached {
    std::shared_ptr<const Adapter> adapter;
    float scale = 0;
  };
  Status attach(std::shared_ptr<const Adapter> adapter, float scale);
  std::span<const Attached> attached() const { return attached_; }

  // What the session has done since it was created.
  struct Counts {
    std::int64_t n_tokens = 0;        // read
    std::int64_t n_sampled = 0;       // chosen
    std::int64_t n_weight_bytes = 0;  // all weights once a pass; sessions of one pass share them
  };
  const Counts& counts() const { return counts_; }
  // Deadline, rests and CPU time of the calls.
  Governor& governor() { return governor_; }
  const Governor& governor() const { return governor_; }

  void cancel() { cancel_.store(true); }
  // To be called where a new request begins: a cancel() before it has no effect.
  void clear_cancel() { cancel_.store(false); }

  Model& model() const { return *model_; }
  const std::shared_ptr<Model>& shared_model() const { return model_; }
  const Options& options() const { return options_; }
  const SessionSize& size() const { return size_; }

 private:
  Status allocate();
  Status plan_adapters(std::span<const Attached> attached, AdapterSet& set, Arena& arena) const;
  Status make_sampler();
  Status check_room(std::size_t n_tokens) const;
  Status check_tokens(std::span<const Token> tokens) const;
  Status check_decoder() const;
  Status encode_text(std::span<const Token> tokens, std::int64_t second_segment);
  Status pool_states(std::span<const Token> tokens);
  Status read_batch(std::span<const Token> tokens);
  void take(std::span<const Token> tokens, std::int64_t n_weight_bytes);
  std::int64_t first_chunk_at(std::int64_t end) const;
  bool can_go_with(const Session& leader) const;
  static Status decode_group(std::span<Session* const> sessions, std::span<const Token> tokens);
  Status score_all(std::span<const Token> context, std::span<const Continuation> continuations,
                   double* scores);
  Status read_beside(std::span<const Token> tokens, std::int64_t position, std::int64_t& last_row);
  bool has_window(std::int64_t position) const;
  Status keep_window(std::int64_t position, std::span<const Token> context);
  Status score_one(const Continuation& one, std::int64_t position, std::span<const float> first,
                   double& score);
  Status sample_screened(Token& out, bool& decided);
  OpContext context();

  const std::shared_ptr<Model> model_;
  const Options options_;
  SessionSize size_;
  Arena arena_;
  KvCache cache_;
  Workspace work_;
  KvCache source_;                  // what a decoder sees of its encoder's text
  std::optional<Decoder> decoder_;  // none in models that only encode
  std::optional<Encoder> encoder_;
  std::optional<Pooler> pooler_;
  bool has_source_ = false;
  std::unique_ptr<Sampler> sampler_;
  std::vector<Attached> attached_;
  AdapterSet adapters_;
  Arena adapter_arena_;
  Token* tokens_ = nullptr;  // [n_ctx], in the arena
  std::int64_t n_tokens_ = 0;
  std::int64_t oldest_chunk_ = 0;  // layers with a window have lost the chunks before it
  std::int64_t hidden_row_ = -1;   // row of work_.x with the last token's state; -1: none
  bool has_logits_ = false;
  ScreenCounts screen_counts_;
  std::int64_t screen_pause_ = 0;       // tokens until screening is tried again
  std::int64_t next_screen_pause_ = 1;  // after the next failure
  Candidate* candidates_ = nullptr;     // [kMostFound], in the arena, where the head is split
  std::atomic<bool> cancel_{false};
  Governor governor_;
  Counts counts_;
};

}  // namespace minnow
