/* minnow: small language models inside your program, on the CPU.
 *
 * This header is the whole interface of the library; minnow.hpp wraps it for C++ and adds nothing.
 *
 * Common to all functions, and not repeated below:
 *  - Every call that can fail returns a minnow_status. Results come through trailing out-parameters,
 *    which stay untouched when the call fails. minnow_last_error() then tells, for this thread, what
 *    was wrong and what to do.
 *  - Handles are opaque. A child keeps its parents alive, so handles may be freed in any order;
 *    freeing NULL does nothing.
 *  - Text is UTF-8, given as pointer and length in bytes; a length of MINNOW_ZERO_TERMINATED means
 *    that the text ends at its first zero byte. Text from the library is zero-terminated as well.
 *  - What a function allocates for the caller is freed with minnow_free().
 *  - Nothing here prints, exits, aborts, reads the environment, opens a socket or throws.
 *  - Functions on one session belong to one thread at a time: a second caller gets MINNOW_BUSY. Only
 *    minnow_session_cancel() and minnow_session_set_deadline() may come from anywhere. Models,
 *    adapters and runtimes may be used by any number of threads at once.
 */
#ifndef MINNOW_MINNOW_H
#define MINNOW_MINNOW_H

#include <stddef.h>
#include <stdint.h>

#include "minnow/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A length: the text ends at its first zero byte. */
#define MINNOW_ZERO_TERMINATED ((size_t)-1)

/* ---- statuses ------------------------------------------------------------------------------- */

/* Values never change; new ones are only added. */
typedef enum minnow_status {
  MINNOW_OK = 0,
  MINNOW_INVALID_ARGUMENT = 1, /* a value out of range or of the wrong kind */
  MINNOW_NOT_FOUND = 2,        /* no such file, option or name */
  MINNOW_IO_ERROR = 3,         /* the system refused a read, write or map */
  MINNOW_BAD_FILE = 4,         /* a file is damaged, cut short or malformed */
  MINNOW_UNSUPPORTED = 5,      /* well-formed, but nothing minnow knows how to run */
  MINNOW_OUT_OF_MEMORY = 6,    /* the allocator refused, or the budget would be passed */
  MINNOW_CONTEXT_FULL = 7,     /* the session has no room for these tokens */
  MINNOW_CANCELLED = 8,        /* minnow_session_cancel() was called, or a callback said stop */
  MINNOW_BUSY = 9,             /* another thread is inside this session */
  MINNOW_NUMERIC_ERROR = 10,   /* a value became infinite or not a number */
  MINNOW_MISMATCH = 11,        /* a state or cache that belongs to another model */
  MINNOW_INTERNAL_ERROR = 12,  /* a bug of ours */
  MINNOW_TEMPLATE_ERROR = 13,  /* the chat template itself refused; its message is the error */
  MINNOW_TIMED_OUT = 14        /* the session's deadline passed */
} minnow_status;

/* The library's version, "0.1.0". Never NULL; static; any thread. */
MINNOW_API const char* minnow_version(void);

/* The status' name in words, "out of memory". Never NULL; static; any thread. */
MINNOW_API const char* minnow_status_name(minnow_status status);

/* What was wrong with this thread's last call into the library; "" when it succeeded. Never NULL;
 * valid until the thread's next call; messages over 4,000 bytes are cut. */
MINNOW_API const char* minnow_last_error(void);

/* Frees what a function of this header allocated for the caller. NULL is fine. Any thread. */
MINNOW_API void minnow_free(void* memory);

/* ---- options -------------------------------------------------------------------------------- */

/* A set of named values for opening a model, creating a session or generating text; a function
 * takes those that concern it. Not shared between threads while it is written to. */
typedef struct minnow_options minnow_options;
typedef struct minnow_runtime minnow_runtime; /* threads, kernels, memory and log */
typedef struct minnow_model minnow_model;     /* immutable, shared by threads */
typedef struct minnow_session minnow_session; /* one conversation, one thread at a time */
typedef struct minnow_adapter minnow_adapter; /* a LoRA of one model, shared by threads */
typedef int32_t minnow_token;                 /* an id, [0, n_vocab) */

/* What a callback says: go on, or end here. */
typedef enum minnow_flow { MINNOW_CONTINUE = 0, MINNOW_STOP = 1 } minnow_flow;

/* Makes an empty set: everything has its default. Costs one small allocation. */
MINNOW_API minnow_status minnow_options_create(minnow_options** out_options);
MINNOW_API void minnow_options_free(minnow_options* options);

/* Set one value. MINNOW_NOT_FOUND names an unknown option (with the nearest known one),
 * MINNOW_INVALID_ARGUMENT one that is out of its range or of another type. Integers are accepted
 * where numbers are. Text is copied. */
MINNOW_API minnow_status minnow_options_set_int(minnow_options* options, const char* name,
                                                int64_t value);
MINNOW_API minnow_status minnow_options_set_float(minnow_options* options, const char* name,
                                                  double value);
MINNOW_API minnow_status minnow_options_set_text(minnow_options* options, const char* name,
                                                 const char* text, size_t n_bytes);

/* All options as a JSON array of {"name", "type", "min", "max", "default", "choices", "for",
 * "meaning"}; "for" is runtime, model or session. Freed with minnow_free(). */
MINNOW_API minnow_status minnow_options_describe(char** out_json);

/* Uses this runtime instead of one made for the model. The options keep it alive. */
MINNOW_API minnow_status minnow_options_set_runtime(minnow_options* options,
                                                    minnow_runtime* runtime);

/* Where messages go; nothing is logged without it. Called from the threads that call the library. */
typedef void (*minnow_log_callback)(void* user, int level /* 0 error, 1 warning, 2 information */,
                                    const char* text);
MINNOW_API minnow_status minnow_options_set_log(minnow_options* options, minnow_log_callback log,
                                                void* user);

/* Told while a model loads or a prompt is read: done of total, in bytes or tokens. MINNOW_STOP makes
 * the call return MINNOW_CANCELLED and leaves the object as it was. Called on the caller's thread. */
typedef minnow_flow (*minnow_progress_callback)(void* user, uint64_t done, uint64_t total);
MINNOW_API minnow_status minnow_options_set_progress(minnow_options* options,
                                                     minnow_progress_callback progress, void* user);

/* The host's allocator for everything that lives longer than a call. allocate returns memory aligned
 * to `alignment` (a power of two) or NULL. Both may be called from any thread. */
typedef struct minnow_allocator {
  void* (*allocate)(void* user, size_t n_bytes, size_t alignment); /* NULL: there is none left */
  void (*release)(void* user, void* memory, size_t n_bytes);       /* n_bytes as allocated */
  void* user;                                                      /* given to both */
} minnow_allocator;
MINNOW_API minnow_status minnow_options_set_allocator(minnow_options* options,
                                                      const minnow_allocator* allocator);

/* The host's threads instead of minnow's. run() calls job(context, i) for every i below n_jobs, on
 * any threads, in any order, and returns when all are done; jobs never wait for one another. */
typedef struct minnow_executor {
  /* Runs all jobs and then returns. */
  void (*run)(void* user, void (*job)(void* context, int32_t i), void* context, int32_t n_jobs);
  int32_t n_threads; /* how many jobs may run at once */
  void* user;        /* given to run */
} minnow_executor;
MINNOW_API minnow_status minnow_options_set_executor(minnow_options* options,
                                                     const minnow_executor* executor);

/* ---- runtime -------------------------------------------------------------------------------- */

/* Threads, kernel table, allocator and log, shared by the models that name it. Optional: a model
 * opened without one makes its own. options may be NULL. Starts no thread before the first work. */
MINNOW_API minnow_status minnow_runtime_create(const minnow_options* options,
                                               minnow_runtime** out_runtime);
MINNOW_API void minnow_runtime_free(minnow_runtime* runtime);

/* The CPU's features, the kernel tables of this build, which of them the CPU runs, the one chosen, the
 * threads and their CPU seconds, memory ("in_use_bytes", "peak_bytes", "budget_bytes",
 * "n_allocations") and "affinity": what was asked for, and whether the system confirmed or refused it
 * (to find out, the threads are started), as a JSON object. */
MINNOW_API minnow_status minnow_runtime_describe(minnow_runtime* runtime, char** out_json);

/* Measures this machine's limits with the runtime's threads: read bandwidth, integer and float peak;
 * a JSON object. Takes about half a second and 512 MB of memory for that time. */
MINNOW_API minnow_status minnow_runtime_measure(minnow_runtime* runtime, char** out_json);

/* ---- model ---------------------------------------------------------------------------------- */

/* Opens a GGUF file. options may be NULL. Reads and packs all weights: the cost is that of reading
 * the file once. The model never changes afterwards and any number of sessions may share it. One
 * error message names everything that is wrong with the file. */
MINNOW_API minnow_status minnow_model_open(const char* path, const minnow_options* options,
                                           minnow_model** out_model);

/* The same from an open file descriptor, n_bytes from offset on (0: to the end), which stays the
 * caller's and may be closed afterwards. */
MINNOW_API minnow_status minnow_model_open_descriptor(int descriptor, uint64_t offset,
                                                      uint64_t n_bytes,
                                                      const minnow_options* options,
                                                      minnow_model** out_model);

/* The same from memory, which the caller keeps unchanged for as long as the model lives. */
MINNOW_API minnow_status minnow_model_open_memory(const void* data, size_t n_bytes,
                                                  const minnow_options* options,
                                                  minnow_model** out_model);
MINNOW_API void minnow_model_free(minnow_model* model);

/* The file's metadata, tensors, tensor types and the exact memory of a model and of a session with
 * these options, as a JSON object. Reads the header only, loads nothing. */
MINNOW_API minnow_status minnow_model_inspect(const char* path, const minnow_options* options,
                                              char** out_json);

/* One number of a model: "n_vocab", "n_embd", "n_layer", "n_ctx_train", "n_parameters", "bos",
 * "eos", "sep" (-1: none), "adds_sep" (pairs of texts have one more between them), "decoder_start"
 * (what a T5's decoder reads first; -1: none), "has_template", "weights_bytes" (taken for weights),
 * "is_cached" (1: the cache_dir option's folder has them), "bytes_per_token" (read to decode one),
 * "macs_per_token" (multiply-adds to decode one), "macs_per_prompt_token" (without the head).
 * MINNOW_NOT_FOUND names others. */
MINNOW_API minnow_status minnow_model_get_int(const minnow_model* model, const char* name,
                                              int64_t* out_value);

/* ---- text and tokens ------------------------------------------------------------------------ */

enum {
  MINNOW_ADD_SPECIAL = 1,  /* tokenize: add BOS and EOS where the model wants them (never twice) */
  MINNOW_PARSE_SPECIAL = 2 /* tokenize: "<|im_start|>" is the token; detokenize: write such text */
};

/* Text to tokens; any bytes are accepted. *out_tokens is freed with minnow_free() and may be NULL
 * when there are none. Linear time; any thread. */
MINNOW_API minnow_status minnow_model_tokenize(const minnow_model* model, const char* text,
                                               size_t n_bytes, uint32_t flags,
                                               minnow_token** out_tokens, size_t* out_n_tokens);

/* Tokens to text; what is not UTF-8 becomes U+FFFD. Ids outside the vocabulary are refused. */
MINNOW_API minnow_status minnow_model_detokenize(const minnow_model* model,
                                                 const minnow_token* tokens, size_t n_tokens,
                                                 uint32_t flags, char** out_text,
                                                 size_t* out_n_bytes);

/* One token's bytes, owned by the model; possibly half a character. Control tokens give their name. */
MINNOW_API minnow_status minnow_model_token_text(const minnow_model* model, minnow_token token,
                                                 const char** out_text, size_t* out_n_bytes);

/* Whether the token ends a generation (a model may have several such tokens). */
MINNOW_API minnow_status minnow_model_token_is_end(const minnow_model* model, minnow_token token,
                                                   int* out_is_end);

/* Renders the model's chat template. context is a JSON object whose members are the template's
 * variables ("messages", "tools", "add_generation_prompt", ...); now is "2024-07-26 12:34:56" or NULL
 * for the present. MINNOW_TEMPLATE_ERROR carries the template's own message. */
MINNOW_API minnow_status minnow_model_apply_template(const minnow_model* model, const char* context,
                                                     size_t n_bytes, const char* now,
                                                     char** out_text, size_t* out_n_bytes);

/* The same with a template that is given as text. */
MINNOW_API minnow_status minnow_template_render(const char* source, size_t source_n_bytes,
                                                const char* context, size_t context_n_bytes,
                                                const char* now, char** out_text,
                                                size_t* out_n_bytes);

/* ---- session -------------------------------------------------------------------------------- */

/* One conversation with a model: its tokens, their keys and values, a sampler. options may be NULL;
 * see minnow_options_describe() for those of a session (n_ctx, kv_type, temperature, ...). Takes all
 * memory that the session will ever need; generating allocates nothing. */
MINNOW_API minnow_status minnow_session_create(minnow_model* model, const minnow_options* options,
                                               minnow_session** out_session);
MINNOW_API void minnow_session_free(minnow_session* session);

/* Reads tokens after those already there. Afterwards the logits of the last one can be asked for.
 * MINNOW_CONTEXT_FULL when they do not fit: nothing was read then. MINNOW_CANCELLED keeps the tokens
 * read in whole batches; minnow_session_position() tells how many. */
MINNOW_API minnow_status minnow_session_prefill(minnow_session* session, const minnow_token* tokens,
                                                size_t n_tokens);

/* Reads one token. The same as prefill with one token, and gives the same bits. */
MINNOW_API minnow_status minnow_session_decode(minnow_session* session, minnow_token token);

/* minnow_session_decode(sessions[i], tokens[i]) for n_sessions sessions of one model, together: the
 * weights are read once for all, so 8 sessions take little longer than one. The same bits as one by
 * one. MINNOW_CONTEXT_FULL, MINNOW_INVALID_ARGUMENT (also for sessions of several models or one named
 * twice) and MINNOW_BUSY: nothing was read. minnow_session_cancel() or the deadline of the first
 * session (of another: maybe) ends the call with MINNOW_CANCELLED or MINNOW_TIMED_OUT;
 * minnow_session_position() then tells which have read their token. */
MINNOW_API minnow_status minnow_sessions_decode(minnow_session* const* sessions,
                                                const minnow_token* tokens, size_t n_sessions);

/* Chooses the next token by the session's sampling options, and remembers it for the penalties. Does
 * not read it. The same seed, tokens and options always choose the same. */
MINNOW_API minnow_status minnow_session_sample(minnow_session* session, minnow_token* out_token);

/* The logits after the last token, [n_vocab], owned by the session until its next call. */
MINNOW_API minnow_status minnow_session_logits(minnow_session* session, const float** out_logits);

/* Called with the logits after each of some tokens in order: rows [first, first + n_rows) of the
 * call's tokens, logits [n_rows, n_vocab]. */
typedef minnow_flow (*minnow_logits_callback)(void* user, size_t first, size_t n_rows,
                                              const float* logits);

/* As minnow_session_prefill(), with the logits of every token. Costs the output head for each. */
MINNOW_API minnow_status minnow_session_evaluate(minnow_session* session,
                                                 const minnow_token* tokens, size_t n_tokens,
                                                 minnow_logits_callback callback, void* user);

/* The text as numbers: *out_values is [n_rows, n_embd], owned by the session until its next call. One
 * row for the text, as the option "pooling" makes it of its tokens' states (mean, cls: the first one's,
 * last, rank: a classifier's scores; auto: what the file says), or with none a row for each token. The
 * option "normalize" gives rows length one; scores stay as they are. Encoders (BERT, EmbeddingGemma)
 * see the whole text at once, and need n_ctx for the longest; in other models the decoder's last states
 * are taken. The session has read nothing afterwards, whether the call succeeds or not. The counts may
 * be NULL. MINNOW_UNSUPPORTED: a score is asked for and the file has no classifier. */
MINNOW_API minnow_status minnow_session_embed(minnow_session* session, const minnow_token* tokens,
                                              size_t n_tokens, const float** out_values,
                                              size_t* out_n_rows, size_t* out_n_embd);

/* Of models with an encoder and a decoder (T5): encodes a text, which all that is read afterwards
 * answers, until the next call of this function or of minnow_session_embed(). The decoder has read
 * nothing then; its first token is the model's "decoder_start". minnow_session_complete() does all of
 * this by itself. MINNOW_UNSUPPORTED: the model has no encoder of this kind. */
MINNOW_API minnow_status minnow_session_encode(minnow_session* session, const minnow_token* tokens,
                                               size_t n_tokens);

/* How many tokens the session has read, and how many it can hold. Either pointer may be NULL. */
MINNOW_API minnow_status minnow_session_position(minnow_session* session, int64_t* out_n_tokens,
                                                 int64_t* out_n_ctx);

/* Forgets all tokens from position n_tokens on. 0 starts anew. Costs nothing, but for models with
 * sliding windows and far back: their layers keep little more than the window, so the tokens that stay
 * are read again, and the call can fail as minnow_session_prefill() can. */
MINNOW_API minnow_status minnow_session_truncate(minnow_session* session, int64_t n_tokens);

/* Makes the call that is running in this session return MINNOW_CANCELLED, within 50 ms. Any thread;
 * without a running call it does nothing. */
MINNOW_API minnow_status minnow_session_cancel(minnow_session* session);

/* Gets whole UTF-8 characters of the answer as they come. MINNOW_STOP ends the answer there, which is
 * no error. */
typedef minnow_flow (*minnow_text_callback)(void* user, const char* text, size_t n_bytes);

/* Why an answer ended. */
typedef enum minnow_reason {
  MINNOW_REASON_END = 0,     /* the model ended its answer */
  MINNOW_REASON_LENGTH = 1,  /* max_tokens were made */
  MINNOW_REASON_STOP = 2,    /* a stop text was met; it is not part of the answer */
  MINNOW_REASON_CALLBACK = 3, /* the callback said stop */
  MINNOW_REASON_CONTEXT = 4  /* the context is full */
} minnow_reason;

/* Adds a message to the conversation and streams the answer. role is "user", "system" or "tool";
 * after "system" there is no answer. Uses the model's chat template; without one, the text is
 * continued as it is (or encoded, by a model with an encoder). Without a callback the prompt is read
 * and the answer is left to
 * minnow_session_next(). out_reason may be NULL. On MINNOW_CANCELLED the conversation keeps what was
 * said so far; a question of which no answer began is taken back. MINNOW_CONTEXT_FULL: the
 * conversation is longer than the context. Rendering takes memory for the text; streaming takes
 * none. */
MINNOW_API minnow_status minnow_session_chat(minnow_session* session, const char* role,
                                             const char* text, minnow_text_callback callback,
                                             void* user, minnow_reason* out_reason);

/* The conversation's messages as a JSON array of {"role", "content"}, answers included. */
MINNOW_API minnow_status minnow_session_messages(minnow_session* session, char** out_json);

/* Replaces the messages by such an array (roles: system, user, assistant, tool), as for undoing a turn
 * or taking up a saved conversation. Reads nothing: the next turn reads what has changed.
 * MINNOW_INVALID_ARGUMENT names what is malformed; the messages are then as before. */
MINNOW_API minnow_status minnow_session_set_messages(minnow_session* session, const char* json,
                                                     size_t n_bytes);

/* Continues a text as it is, without a template, from the session's present position. callback and
 * out_reason as for minnow_session_chat(). */
MINNOW_API minnow_status minnow_session_complete(minnow_session* session, const char* text,
                                                 size_t n_bytes, minnow_text_callback callback,
                                                 void* user, minnow_reason* out_reason);

/* Writes what belongs between two texts, by the model's own tokens for prefix, suffix and middle (Qwen
 * Coder, CodeGemma, StarCoder, CodeLlama, DeepSeek). Control tokens that the texts name are plain text.
 * Starts anew: the session forgets what it has read. callback and out_reason as for
 * minnow_session_chat(). MINNOW_UNSUPPORTED: the vocabulary has no such tokens. */
MINNOW_API minnow_status minnow_session_infill(minnow_session* session, const char* prefix,
                                               size_t prefix_n_bytes, const char* suffix,
                                               size_t suffix_n_bytes,
                                               minnow_text_callback callback, void* user,
                                               minnow_reason* out_reason);

/* Pulls the next piece of the answer that minnow_session_chat() or minnow_session_complete() began
 * without a callback: whole UTF-8 characters, zero-terminated, owned by the session until its next
 * call. At the end *out_n_bytes is 0 and *out_reason says why (it is not written before; out_reason
 * may be NULL). The same loop as streaming to a callback: the same pieces, and no allocation. Any
 * call that changes what the session has read ends the answer where it is.
 * MINNOW_INVALID_ARGUMENT: no answer was begun. Other failures end the answer too. */
MINNOW_API minnow_status minnow_session_next(minnow_session* session, const char** out_text,
                                             size_t* out_n_bytes, minnow_reason* out_reason);

/* ---- keeping and branching a session --------------------------------------------------------- */

/* Writes all that the session has read, with keys, values, sampler and messages, to a file; not its
 * options. The file at `path` is replaced in one step when the new one is on the disk (a file beside
 * it, path.XXXXXX, is there meanwhile); on failure the old one stays. Carries a checksum, versions,
 * and the fingerprint of the model. MINNOW_IO_ERROR: the disk is full or refuses. Costs reading the
 * cache once, a checksum at 100 to 200 MB/s and the disk. */
MINNOW_API minnow_status minnow_session_save(minnow_session* session, const char* path);

/* Takes up what minnow_session_save() wrote, in a session of the same model with the same kv_type and
 * adapters; n_ctx, threads and kernel table may differ. What follows has the same bits as in the
 * session that was saved. MINNOW_BAD_FILE: damaged, cut short or something else; MINNOW_MISMATCH: of
 * another model, kind of cache or arithmetic, the message names both; MINNOW_CONTEXT_FULL: more tokens
 * than n_ctx. The session is as before then. (If the file changes while it is read, the session is
 * empty.) Reads the file twice. */
MINNOW_API minnow_status minnow_session_restore(minnow_session* session, const char* path);

/* Makes another session that has read and said the same, with the same options, independent from now
 * on. Takes a session's memory and copies the keys and values there are. */
MINNOW_API minnow_status minnow_session_fork(minnow_session* session,
                                             minnow_session** out_session);

/* ---- adapters ---------------------------------------------------------------------------------- */

/* Opens a LoRA for a model: a GGUF file as llama.cpp's convert_lora_to_gguf writes it. Takes its own
 * small matrices and nothing of the model's; any number of sessions, on any threads, may attach it.
 * The adapter keeps the model alive. MINNOW_MISMATCH names everything in it that is not of this
 * model (architecture, tensors, shapes), MINNOW_UNSUPPORTED what minnow cannot adapt (embeddings,
 * experts, models with an encoder), MINNOW_BAD_FILE what is no adapter. Reads the whole file. */
MINNOW_API minnow_status minnow_adapter_open(minnow_model* model, const char* path,
                                             minnow_adapter** out_adapter);

/* NULL is fine; sessions that it is attached to keep what they need. */
MINNOW_API void minnow_adapter_free(minnow_adapter* adapter);

/* Attaches an adapter, times `scale` (1: as trained; the file's alpha / rank comes on top). Several
 * add up in the order of attachment; attaching one again changes its scale; 0 detaches it. Whenever
 * that changes something, the session starts anew, because what it has read was read without it;
 * messages stay, and the next turn reads them. MINNOW_MISMATCH: opened for another model.
 * MINNOW_INVALID_ARGUMENT: a scale that is no finite number. Takes memory for a batch. */
MINNOW_API minnow_status minnow_session_attach(minnow_session* session, minnow_adapter* adapter,
                                               double scale);

/* ---- scoring, deadlines, figures --------------------------------------------------------------- */

/* The natural logarithm of the probability of each text as a continuation of what the session has
 * read and of `context` (NULL: nothing more), zero-terminated texts both:
 * out_log_probabilities [n_continuations]. Context and continuation become tokens together; where a
 * token crosses the border, it counts for the continuation. The session is as before afterwards. The
 * context is read once. MINNOW_CONTEXT_FULL: they do not fit behind what was read. Takes memory for
 * one row of logits. */
MINNOW_API minnow_status minnow_session_score(minnow_session* session, const char* context,
                                              const char* const* continuations,
                                              size_t n_continuations,
                                              double* out_log_probabilities);

/* From now on for `seconds`, calls on this session run; after that the running one and all later ones
 * return MINNOW_TIMED_OUT at their next job, with the session as after a cancel. Infinity, 0 or less:
 * no deadline. Any thread, also while a call runs. */
MINNOW_API minnow_status minnow_session_set_deadline(minnow_session* session, double seconds);

/* What the last prefill and answer cost: "prompt_tokens", "prompt_seconds", "answer_tokens",
 * "answer_seconds", "first_token_seconds"; what the session takes: "position", "n_ctx", "kv_bytes",
 * "session_bytes"; and all that it did since it was created: "tokens_read", "tokens_sampled",
 * "weight_bytes_read" (all weights once a pass), "cpu_seconds" (the callers' and, meanwhile, the
 * pool's), as a JSON object. A pass of several sessions counts in each with its part. */
MINNOW_API minnow_status minnow_session_stats(minnow_session* session, char** out_json);

#ifdef __cplusplus
}
#endif

#endif /* MINNOW_MINNOW_H */
