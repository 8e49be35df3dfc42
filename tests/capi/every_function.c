/* Every function of minnow.h from C99: what it does, NULL arguments, statuses, and that
 * out-parameters stay untouched when a call fails. Ends with 0 when all is well; otherwise names
 * the line. Takes the path of the tiny qwen2 model. */
#include <minnow/minnow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

static int is_json(const char* text, const char* member) {
  const size_t n = text != NULL ? strlen(text) : 0;
  return n > 2 && (text[0] == '{' || text[0] == '[') && strstr(text, member) != NULL;
}

/* ---- without any object ---------------------------------------------------------------------- */

static void check_names(void) {
  int status;
  CHECK(strlen(minnow_version()) >= 5);
  for (status = MINNOW_OK; status <= MINNOW_TEMPLATE_ERROR; ++status)
    CHECK(strlen(minnow_status_name((minnow_status)status)) > 1);
  CHECK(minnow_status_name((minnow_status)9999) != NULL);
  CHECK(strcmp(minnow_status_name(MINNOW_OUT_OF_MEMORY), "out of memory") == 0);
  CHECK(MINNOW_OK == 0 && MINNOW_BUSY == 9 && MINNOW_TEMPLATE_ERROR == 13);
}

static void check_freeing_nothing(void) {
  minnow_free(NULL);
  minnow_options_free(NULL);
  minnow_runtime_free(NULL);
  minnow_model_free(NULL);
  minnow_session_free(NULL);
}

static void check_template_render(void) {
  const char* source = "{% for m in messages %}[{{ m.content }}]{% endfor %}{{ now }}";
  const char* context = "{\"messages\": [{\"content\": \"a\"}, {\"content\": \"b\"}]}";
  char* text = UNTOUCHED(char);
  size_t n_bytes = 77;
  REFUSED(minnow_template_render("{% if %}", MINNOW_ZERO_TERMINATED, context,
                                 MINNOW_ZERO_TERMINATED, NULL, &text, &n_bytes),
          MINNOW_BAD_FILE, "line 1");
  REFUSED(minnow_template_render("{{ raise_exception('no such role') }}", MINNOW_ZERO_TERMINATED,
                                 context, MINNOW_ZERO_TERMINATED, NULL, &text, &n_bytes),
          MINNOW_TEMPLATE_ERROR, "no such role");
  REFUSED(
      minnow_template_render(source, strlen(source), "{\"messages\": ", 13, NULL, &text, &n_bytes),
      MINNOW_INVALID_ARGUMENT, "");
  REFUSED(minnow_template_render(source, strlen(source), context, strlen(context), "yesterday",
                                 &text, &n_bytes),
          MINNOW_INVALID_ARGUMENT, "yesterday");
  NULL_REFUSED(minnow_template_render(NULL, 0, context, 2, NULL, &text, &n_bytes), "source");
  NULL_REFUSED(minnow_template_render(source, 2, NULL, 0, NULL, &text, &n_bytes), "context");
  NULL_REFUSED(minnow_template_render(source, 2, context, 2, NULL, NULL, &n_bytes), "out_text");
  CHECK(text == UNTOUCHED(char) && n_bytes == 77);
  CHECK(minnow_template_render(source, strlen(source), context, MINNOW_ZERO_TERMINATED,
                               "2024-07-26 12:34:56", &text, &n_bytes) == MINNOW_OK);
  CHECK(n_bytes == 6 && strcmp(text, "[a][b]") == 0);
  minnow_free(text);
}

/* ---- options ----------------------------------------------------------------------------------
 */

static void* take(void* user, size_t n_bytes, size_t alignment) {
  /* malloc aligns to 16 at least; more is cut from a larger block. */
  char* block = malloc(n_bytes + alignment + sizeof(void*));
  char* memory;
  if (block == NULL) return NULL;
  memory = block + sizeof(void*);
  memory += (alignment - (size_t)((uintptr_t)memory % alignment)) % alignment;
  memcpy(memory - sizeof(void*), &block, sizeof block);
  ++*(int*)user;
  return memory;
}

static void give_back(void* user, void* memory, size_t n_bytes) {
  char* block;
  (void)n_bytes;
  memcpy(&block, (char*)memory - sizeof(void*), sizeof block);
  free(block);
  --*(int*)user;
}

static void check_options(void) {
  minnow_options* options = NULL;
  minnow_allocator half = {take, NULL, NULL};
  char* json = UNTOUCHED(char);
  NULL_REFUSED(minnow_options_create(NULL), "out_options");
  CHECK(minnow_options_create(&options) == MINNOW_OK);
  CHECK(minnow_options_set_int(options, "n_ctx", 128) == MINNOW_OK);
  CHECK(minnow_options_set_float(options, "temperature", 0.7) == MINNOW_OK);
  CHECK(minnow_options_set_text(options, "kv_type", "f32xyz", 3) == MINNOW_OK);
  CHECK(minnow_options_set_text(options, "stop", "\n\n", MINNOW_ZERO_TERMINATED) == MINNOW_OK);
  REFUSED(minnow_options_set_int(options, "n_ctxt", 1), MINNOW_NOT_FOUND, "n_ctx");
  REFUSED(minnow_options_set_int(options, "threads", -1), MINNOW_INVALID_ARGUMENT, "threads");
  REFUSED(minnow_options_set_float(options, "n_ctx", 1.5), MINNOW_INVALID_ARGUMENT, "n_ctx");
  REFUSED(minnow_options_set_text(options, "kv_type", "q8", 2), MINNOW_INVALID_ARGUMENT,
          "f16|f32|q8_0");
  NULL_REFUSED(minnow_options_set_int(NULL, "n_ctx", 1), "options");
  NULL_REFUSED(minnow_options_set_int(options, NULL, 1), "name");
  NULL_REFUSED(minnow_options_set_float(NULL, "top_p", 1), "options");
  NULL_REFUSED(minnow_options_set_float(options, NULL, 1), "name");
  NULL_REFUSED(minnow_options_set_text(NULL, "stop", "x", 1), "options");
  NULL_REFUSED(minnow_options_set_text(options, NULL, "x", 1), "name");
  NULL_REFUSED(minnow_options_set_text(options, "stop", NULL, 0), "text");
  NULL_REFUSED(minnow_options_set_runtime(NULL, NULL), "options");
  NULL_REFUSED(minnow_options_set_runtime(options, NULL), "runtime");
  NULL_REFUSED(minnow_options_set_log(NULL, NULL, NULL), "options");
  NULL_REFUSED(minnow_options_set_progress(NULL, NULL, NULL), "options");
  NULL_REFUSED(minnow_options_set_allocator(NULL, NULL), "options");
  NULL_REFUSED(minnow_options_set_executor(NULL, NULL), "options");
  REFUSED(minnow_options_set_allocator(options, &half), MINNOW_INVALID_ARGUMENT, "allocator");
  CHECK(minnow_options_set_log(options, NULL, NULL) == MINNOW_OK);
  CHECK(minnow_options_set_progress(options, NULL, NULL) == MINNOW_OK);
  CHECK(minnow_options_set_allocator(options, NULL) == MINNOW_OK);
  CHECK(minnow_options_set_executor(options, NULL) == MINNOW_OK);
  CHECK(*minnow_last_error() == '\0');
  minnow_options_free(options);

  NULL_REFUSED(minnow_options_describe(NULL), "out_json");
  CHECK(minnow_options_describe(&json) == MINNOW_OK && json != UNTOUCHED(char));
  CHECK(is_json(json, "\"n_ctx\"") && strstr(json, "\"temperature\"") != NULL);
  minnow_free(json);
}

/* ---- runtime ----------------------------------------------------------------------------------
 */

static void check_runtime(const char* path) {
  minnow_options* options = NULL;
  minnow_runtime* runtime = UNTOUCHED(minnow_runtime);
  minnow_model* model = NULL;
  minnow_session* session = NULL;
  char* json = UNTOUCHED(char);
  minnow_options_create(&options);
  minnow_options_set_int(options, "threads", 2);
  minnow_options_set_int(options, "memory_budget", 1);
  NULL_REFUSED(minnow_runtime_create(options, NULL), "out_runtime");
  CHECK(minnow_runtime_create(options, &runtime) == MINNOW_OK);
  CHECK(minnow_options_set_runtime(options, runtime) == MINNOW_OK);
  model = UNTOUCHED(minnow_model);
  REFUSED(minnow_model_open(path, options, &model), MINNOW_OUT_OF_MEMORY, "memory");
  CHECK(model == UNTOUCHED(minnow_model));
  minnow_runtime_free(runtime);
  minnow_options_free(options);

  CHECK(minnow_runtime_create(NULL, &runtime) == MINNOW_OK);
  NULL_REFUSED(minnow_runtime_describe(NULL, &json), "runtime");
  NULL_REFUSED(minnow_runtime_describe(runtime, NULL), "out_json");
  NULL_REFUSED(minnow_runtime_measure(NULL, &json), "runtime");
  NULL_REFUSED(minnow_runtime_measure(runtime, NULL), "out_json");
  CHECK(json == UNTOUCHED(char));
  CHECK(minnow_runtime_describe(runtime, &json) == MINNOW_OK && is_json(json, "\"scalar\""));
  minnow_free(json);
  CHECK(minnow_runtime_measure(runtime, &json) == MINNOW_OK && is_json(json, "bytes_per_s"));
  minnow_free(json);

  /* Freed in the wrong order: each keeps what it needs. */
  minnow_options_create(&options);
  minnow_options_set_runtime(options, runtime);
  minnow_runtime_free(runtime);
  CHECK(minnow_model_open(path, options, &model) == MINNOW_OK);
  minnow_options_free(options);
  CHECK(minnow_session_create(model, NULL, &session) == MINNOW_OK);
  minnow_model_free(model);
  CHECK(minnow_session_decode(session, 45) == MINNOW_OK);
  minnow_session_free(session);
}

/* ---- models -----------------------------------------------------------------------------------
 */

static minnow_flow count_progress(void* user, uint64_t done, uint64_t total) {
  CHECK(done <= total);
  ++*(int*)user;
  return MINNOW_CONTINUE;
}

static void count_log(void* user, int level, const char* text) {
  CHECK(level >= 0 && level <= 2 && *text != '\0');
  ++*(int*)user;
}

static minnow_flow stop_progress(void* user, uint64_t done, uint64_t total) {
  (void)user;
  (void)done;
  (void)total;
  return MINNOW_STOP;
}

static void run_serially(void* user, void (*job)(void* context, int32_t i), void* context,
                         int32_t n_jobs) {
  int32_t i;
  ++*(int*)user;
  for (i = n_jobs; i-- > 0;) job(context, i);
}

static char* read_file(const char* path, size_t* out_n_bytes) {
  FILE* file = fopen(path, "rb");
  char* bytes = NULL;
  long n = 0;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (n = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0 &&
      (bytes = malloc((size_t)n)) != NULL && fread(bytes, 1, (size_t)n, file) != (size_t)n) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  *out_n_bytes = (size_t)n;
  return bytes;
}

static void check_opening(const char* path) {
  minnow_model* model = UNTOUCHED(minnow_model);
  char* json = UNTOUCHED(char);
  size_t n_bytes = 0;
  char* bytes = read_file(path, &n_bytes);
  CHECK(bytes != NULL);
  NULL_REFUSED(minnow_model_open(NULL, NULL, &model), "path");
  NULL_REFUSED(minnow_model_open(path, NULL, NULL), "out_model");
  REFUSED(minnow_model_open("/no/such/file.gguf", NULL, &model), MINNOW_NOT_FOUND, "/no/such/file");
  REFUSED(minnow_model_open("/", NULL, &model), MINNOW_INVALID_ARGUMENT, "directory");
  REFUSED(minnow_model_open("", NULL, &model), MINNOW_INVALID_ARGUMENT, "empty");
  NULL_REFUSED(minnow_model_open_memory(NULL, 1, NULL, &model), "data");
  NULL_REFUSED(minnow_model_open_memory(bytes, n_bytes, NULL, NULL), "out_model");
  REFUSED(minnow_model_open_memory(bytes, n_bytes / 2, NULL, &model), MINNOW_BAD_FILE, "");
  REFUSED(minnow_model_open_memory("GGML....................", 24, NULL, &model), MINNOW_BAD_FILE,
          "");
  NULL_REFUSED(minnow_model_open_descriptor(0, 0, 0, NULL, NULL), "out_model");
  REFUSED(minnow_model_open_descriptor(-1, 0, 0, NULL, &model), MINNOW_IO_ERROR, "descriptor");
  NULL_REFUSED(minnow_model_inspect(NULL, NULL, &json), "path");
  NULL_REFUSED(minnow_model_inspect(path, NULL, NULL), "out_json");
  REFUSED(minnow_model_inspect("/no/such/file.gguf", NULL, &json), MINNOW_NOT_FOUND, "/no/such");
  CHECK(model == UNTOUCHED(minnow_model) && json == UNTOUCHED(char));

  CHECK(minnow_model_inspect(path, NULL, &json) == MINNOW_OK);
  CHECK(is_json(json, "blk.0.attn_q.weight"));
  minnow_free(json);
  CHECK(minnow_model_open_memory(bytes, n_bytes, NULL, &model) == MINNOW_OK);
  minnow_model_free(model);
  free(bytes);
}

/* A descriptor comes from POSIX; C99 itself has none. */
int open(const char* path, int flags, ...);
int close(int descriptor);

static void check_descriptor(const char* path) {
  minnow_model* model = NULL;
  const int descriptor = open(path, 0);
  CHECK(descriptor >= 0);
  REFUSED(minnow_model_open_descriptor(descriptor, 0, (uint64_t)1 << 60, NULL, &model),
          MINNOW_INVALID_ARGUMENT, "");
  CHECK(minnow_model_open_descriptor(descriptor, 0, 0, NULL, &model) == MINNOW_OK);
  close(descriptor);
  minnow_model_free(model);
}

static void check_hooks(const char* path) {
  minnow_options* options = NULL;
  minnow_model* model = NULL;
  minnow_session* session = NULL;
  minnow_allocator allocator = {take, give_back, NULL};
  minnow_executor executor = {run_serially, 2, NULL};
  minnow_token tokens[40];
  int n_progress = 0, n_blocks = 0, n_runs = 0, n_logs = 0, i;
  allocator.user = &n_blocks;
  executor.user = &n_runs;
  for (i = 0; i < 40; ++i) tokens[i] = 40 + i;
  minnow_options_create(&options);
  CHECK(minnow_options_set_progress(options, stop_progress, NULL) == MINNOW_OK);
  REFUSED(minnow_model_open(path, options, &model), MINNOW_CANCELLED, "cancelled");
  CHECK(model == NULL);
  CHECK(minnow_options_set_progress(options, count_progress, &n_progress) == MINNOW_OK);
  CHECK(minnow_options_set_allocator(options, &allocator) == MINNOW_OK);
  CHECK(minnow_options_set_executor(options, &executor) == MINNOW_OK);
  CHECK(minnow_options_set_log(options, count_log, &n_logs) == MINNOW_OK);
  CHECK(minnow_model_open(path, options, &model) == MINNOW_OK);
  CHECK(n_progress > 0 && n_blocks > 0);
  minnow_options_set_int(options, "n_ctx", 1000); /* more than it was trained for: a warning */
  CHECK(minnow_session_create(model, options, &session) == MINNOW_OK);
  CHECK(n_logs == 1);
  n_progress = 0;
  CHECK(minnow_session_prefill(session, tokens, 40) == MINNOW_OK);
  CHECK(n_progress == 1 && n_runs > 0);
  minnow_options_free(options);
  minnow_model_free(model);
  CHECK(n_blocks > 0);
  minnow_session_free(session);
  CHECK(n_blocks == 0);
}

static void check_text(minnow_model* model) {
  static const char* const kNumbers[] = {
      "n_vocab", "n_embd", "n_layer",      "n_ctx_train",   "n_parameters",
      "bos",     "eos",    "has_template", "weights_bytes", "bytes_per_token"};
  const char* chat =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], "
      "\"add_generation_prompt\": true}";
  minnow_token* tokens = UNTOUCHED(minnow_token);
  char* text = UNTOUCHED(char);
  const char* piece = untouched;
  size_t n_tokens = 77, n_bytes = 77, i;
  int64_t number = 77;
  int is_end = 77;

  NULL_REFUSED(minnow_model_get_int(NULL, "n_vocab", &number), "model");
  NULL_REFUSED(minnow_model_get_int(model, NULL, &number), "name");
  NULL_REFUSED(minnow_model_get_int(model, "n_vocab", NULL), "out_value");
  REFUSED(minnow_model_get_int(model, "colour", &number), MINNOW_NOT_FOUND, "colour");
  NULL_REFUSED(minnow_model_tokenize(NULL, "a", 1, 0, &tokens, &n_tokens), "model");
  NULL_REFUSED(minnow_model_tokenize(model, NULL, 0, 0, &tokens, &n_tokens), "text");
  NULL_REFUSED(minnow_model_tokenize(model, "a", 1, 0, NULL, &n_tokens), "out_tokens");
  NULL_REFUSED(minnow_model_tokenize(model, "a", 1, 0, &tokens, NULL), "out_n_tokens");
  NULL_REFUSED(minnow_model_detokenize(NULL, tokens, 0, 0, &text, &n_bytes), "model");
  NULL_REFUSED(minnow_model_detokenize(model, NULL, 1, 0, &text, &n_bytes), "tokens");
  NULL_REFUSED(minnow_model_token_text(NULL, 0, &piece, &n_bytes), "model");
  NULL_REFUSED(minnow_model_token_text(model, 0, NULL, &n_bytes), "out_text");
  NULL_REFUSED(minnow_model_token_text(model, 0, &piece, NULL), "out_n_bytes");
  REFUSED(minnow_model_token_text(model, -1, &piece, &n_bytes), MINNOW_INVALID_ARGUMENT, "-1");
  NULL_REFUSED(minnow_model_token_is_end(NULL, 0, &is_end), "model");
  NULL_REFUSED(minnow_model_token_is_end(model, 0, NULL), "out_is_end");
  REFUSED(minnow_model_token_is_end(model, 100000, &is_end), MINNOW_INVALID_ARGUMENT, "100000");
  NULL_REFUSED(minnow_model_apply_template(NULL, chat, 2, NULL, &text, &n_bytes), "model");
  NULL_REFUSED(minnow_model_apply_template(model, NULL, 0, NULL, &text, &n_bytes), "context");
  NULL_REFUSED(minnow_model_apply_template(model, chat, 2, NULL, NULL, &n_bytes), "out_text");
  CHECK(tokens == UNTOUCHED(minnow_token) && text == UNTOUCHED(char) && piece == untouched);
  CHECK(n_tokens == 77 && n_bytes == 77 && number == 77 && is_end == 77);

  for (i = 0; i < sizeof kNumbers / sizeof *kNumbers; ++i) {
    number = -77;
    CHECK(minnow_model_get_int(model, kNumbers[i], &number) == MINNOW_OK && number >= -1);
  }
  CHECK(minnow_model_get_int(model, "n_vocab", &number) == MINNOW_OK && number == 512);
  CHECK(minnow_model_tokenize(model, "Hello world", MINNOW_ZERO_TERMINATED, MINNOW_ADD_SPECIAL,
                              &tokens, &n_tokens) == MINNOW_OK);
  CHECK(n_tokens == 5 && tokens[0] == 45 && tokens[4] == 308);
  NULL_REFUSED(minnow_model_detokenize(model, tokens, n_tokens, 0, NULL, &n_bytes), "out_text");
  CHECK(minnow_model_detokenize(model, tokens, n_tokens, 0, &text, &n_bytes) == MINNOW_OK);
  CHECK(n_bytes == 11 && strcmp(text, "Hello world") == 0);
  minnow_free(text);
  tokens[1] = 512;
  text = UNTOUCHED(char);
  REFUSED(minnow_model_detokenize(model, tokens, n_tokens, 0, &text, &n_bytes),
          MINNOW_INVALID_ARGUMENT, "512");
  CHECK(text == UNTOUCHED(char));
  minnow_free(tokens);
  CHECK(minnow_model_tokenize(model, "", 0, 0, &tokens, &n_tokens) == MINNOW_OK && n_tokens == 0);
  minnow_free(tokens);
  CHECK(minnow_model_tokenize(model, "a\0b\xff", 4, 0, &tokens, &n_tokens) == MINNOW_OK);
  CHECK(n_tokens >= 4);
  minnow_free(tokens);
  CHECK(minnow_model_tokenize(model, "<|im_end|>", 10, MINNOW_PARSE_SPECIAL, &tokens, &n_tokens) ==
            MINNOW_OK &&
        n_tokens == 1);
  CHECK(minnow_model_token_is_end(model, tokens[0], &is_end) == MINNOW_OK && is_end == 1);
  CHECK(minnow_model_token_text(model, tokens[0], &piece, &n_bytes) == MINNOW_OK);
  CHECK(n_bytes == 10 && memcmp(piece, "<|im_end|>", 10) == 0);
  minnow_free(tokens);
  CHECK(minnow_model_token_is_end(model, 45, &is_end) == MINNOW_OK && is_end == 0);
  CHECK(minnow_model_apply_template(model, chat, MINNOW_ZERO_TERMINATED, NULL, &text, NULL) ==
        MINNOW_OK);
  CHECK(strcmp(text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n") == 0);
  minnow_free(text);
}

/* ---- sessions ---------------------------------------------------------------------------------
 */

typedef struct Visitor {
  minnow_session* session;
  minnow_status status; /* of the call from inside */
  size_t n_rows;
} Visitor;

/* Whoever calls from inside a running call finds the session busy; cancel is the exception. */
static minnow_flow visit(void* user, uint64_t done, uint64_t total) {
  Visitor* visitor = user;
  int64_t position = 0;
  (void)done;
  (void)total;
  visitor->status = minnow_session_position(visitor->session, &position, NULL);
  CHECK(strstr(minnow_last_error(), "another thread") != NULL);
  CHECK(minnow_session_cancel(visitor->session) == MINNOW_OK);
  return MINNOW_CONTINUE;
}

static minnow_flow count_rows(void* user, size_t first, size_t n_rows, const float* logits) {
  Visitor* visitor = user;
  CHECK(first == visitor->n_rows && logits[0] == logits[0]);
  visitor->n_rows += n_rows;
  return MINNOW_CONTINUE;
}

/* Texts as vectors, by a decoder; what a model without encoder says; a gap filled. */
static void check_embed(minnow_model* model) {
  const minnow_token tokens[3] = {5, 6, 7};
  const float* values = UNTOUCHED(float);
  size_t n_rows = 77, n_embd = 77;
  int64_t n_tokens = 77, n = 0;
  double square = 0;
  size_t i;
  minnow_reason reason = MINNOW_REASON_CALLBACK; /* which nothing here is */
  const char* text = NULL;
  size_t n_bytes = 0;
  int n_pieces = 0;
  minnow_session* session = NULL;
  CHECK(minnow_session_create(model, NULL, &session) == MINNOW_OK);
  NULL_REFUSED(minnow_session_embed(NULL, tokens, 3, &values, &n_rows, &n_embd), "session");
  NULL_REFUSED(minnow_session_embed(session, NULL, 3, &values, &n_rows, &n_embd), "tokens");
  NULL_REFUSED(minnow_session_embed(session, tokens, 3, NULL, &n_rows, &n_embd), "out_values");
  REFUSED(minnow_session_embed(session, tokens, 0, &values, &n_rows, &n_embd),
          MINNOW_INVALID_ARGUMENT, "without tokens");
  CHECK(values == UNTOUCHED(float) && n_rows == 77 && n_embd == 77);
  CHECK(minnow_session_embed(session, tokens, 3, &values, &n_rows, &n_embd) == MINNOW_OK);
  CHECK(minnow_model_get_int(model, "n_embd", &n) == MINNOW_OK);
  CHECK(n_rows == 1 && n_embd == (size_t)n);
  for (i = 0; i < n_embd; ++i) square += (double)values[i] * values[i];
  CHECK(square > 0.9999 && square < 1.0001);
  CHECK(minnow_session_embed(session, tokens, 3, &values, NULL, NULL) == MINNOW_OK);
  CHECK(minnow_session_position(session, &n_tokens, NULL) == MINNOW_OK && n_tokens == 0);

  NULL_REFUSED(minnow_session_encode(NULL, tokens, 3), "session");
  NULL_REFUSED(minnow_session_encode(session, NULL, 3), "tokens");
  REFUSED(minnow_session_encode(session, tokens, 3), MINNOW_UNSUPPORTED, "no encoder");

  NULL_REFUSED(minnow_session_infill(NULL, "a", 1, "b", 1, NULL, NULL, &reason), "session");
  NULL_REFUSED(minnow_session_infill(session, NULL, 0, "b", 1, NULL, NULL, &reason), "prefix");
  NULL_REFUSED(minnow_session_infill(session, "a", 1, NULL, 0, NULL, NULL, &reason), "suffix");
  CHECK(minnow_session_infill(session, "a", 1, "b", MINNOW_ZERO_TERMINATED, NULL, NULL, &reason) ==
        MINNOW_OK);
  CHECK(reason == MINNOW_REASON_CALLBACK); /* no answer yet: minnow_session_next() gives it */
  do {
    CHECK(minnow_session_next(session, &text, &n_bytes, &reason) == MINNOW_OK);
  } while (n_bytes != 0 && ++n_pieces < 1000);
  CHECK(n_bytes == 0 && reason != MINNOW_REASON_CALLBACK);
  CHECK(minnow_session_position(session, &n_tokens, NULL) == MINNOW_OK && n_tokens >= 5);
  minnow_session_free(session);
}

static void check_busy_and_cancel(minnow_model* model) {
  minnow_options* options = NULL;
  Visitor visitor = {NULL, MINNOW_OK, 0};
  minnow_token tokens[40];
  int64_t position = 0;
  int i;
  for (i = 0; i < 40; ++i) tokens[i] = 40 + i;
  minnow_options_create(&options);
  minnow_options_set_int(options, "n_batch", 8);
  minnow_options_set_progress(options, visit, &visitor);
  CHECK(minnow_session_create(model, options, &visitor.session) == MINNOW_OK);
  REFUSED(minnow_session_prefill(visitor.session, tokens, 40), MINNOW_CANCELLED, "cancelled");
  CHECK(visitor.status == MINNOW_BUSY);
  CHECK(minnow_session_position(visitor.session, &position, NULL) == MINNOW_OK && position == 8);
  /* A cancel before a call has no effect on it. */
  CHECK(minnow_session_cancel(visitor.session) == MINNOW_OK);
  CHECK(minnow_session_decode(visitor.session, 99) == MINNOW_OK);
  CHECK(minnow_session_evaluate(visitor.session, tokens, 4, count_rows, &visitor) == MINNOW_OK ||
        visitor.n_rows > 0);
  minnow_session_free(visitor.session);
  minnow_options_free(options);
}

static void check_session_nulls(minnow_model* model, minnow_session* session) {
  minnow_session* other = UNTOUCHED(minnow_session);
  const float* logits = (const float*)(const void*)untouched;
  char* json = UNTOUCHED(char);
  minnow_token token = 77;
  minnow_reason reason = MINNOW_REASON_STOP;
  NULL_REFUSED(minnow_session_create(NULL, NULL, &other), "model");
  NULL_REFUSED(minnow_session_create(model, NULL, NULL), "out_session");
  NULL_REFUSED(minnow_session_prefill(NULL, &token, 1), "session");
  NULL_REFUSED(minnow_session_prefill(session, NULL, 1), "tokens");
  NULL_REFUSED(minnow_session_decode(NULL, 1), "session");
  NULL_REFUSED(minnow_session_sample(NULL, &token), "session");
  NULL_REFUSED(minnow_session_sample(session, NULL), "out_token");
  REFUSED(minnow_session_sample(session, &token), MINNOW_INVALID_ARGUMENT, "read a token");
  NULL_REFUSED(minnow_session_logits(NULL, &logits), "session");
  NULL_REFUSED(minnow_session_logits(session, NULL), "out_logits");
  REFUSED(minnow_session_logits(session, &logits), MINNOW_INVALID_ARGUMENT, "read a token");
  NULL_REFUSED(minnow_session_evaluate(NULL, &token, 1, count_rows, NULL), "session");
  NULL_REFUSED(minnow_session_evaluate(session, NULL, 1, count_rows, NULL), "tokens");
  NULL_REFUSED(minnow_session_evaluate(session, &token, 1, NULL, NULL), "callback");
  NULL_REFUSED(minnow_session_position(NULL, NULL, NULL), "session");
  NULL_REFUSED(minnow_session_truncate(NULL, 0), "session");
  REFUSED(minnow_session_truncate(session, 1), MINNOW_INVALID_ARGUMENT, "truncate");
  NULL_REFUSED(minnow_session_cancel(NULL), "session");
  NULL_REFUSED(minnow_session_chat(NULL, "user", "Hi", NULL, NULL, &reason), "session");
  NULL_REFUSED(minnow_session_chat(session, NULL, "Hi", NULL, NULL, &reason), "role");
  NULL_REFUSED(minnow_session_chat(session, "user", NULL, NULL, NULL, &reason), "text");
  REFUSED(minnow_session_chat(session, "clown", "Hi", NULL, NULL, &reason), MINNOW_INVALID_ARGUMENT,
          "clown");
  NULL_REFUSED(minnow_session_messages(NULL, &json), "session");
  NULL_REFUSED(minnow_session_messages(session, NULL), "out_json");
  NULL_REFUSED(minnow_session_set_messages(NULL, "[]", 2), "session");
  NULL_REFUSED(minnow_session_set_messages(session, NULL, 0), "json");
  REFUSED(minnow_session_set_messages(session, "[{", 2), MINNOW_INVALID_ARGUMENT, "array");
  REFUSED(minnow_session_set_messages(session, "[{\"role\":\"clown\",\"content\":\"\"}]",
                                      MINNOW_ZERO_TERMINATED),
          MINNOW_INVALID_ARGUMENT, "clown");
  NULL_REFUSED(minnow_session_complete(NULL, "Hi", 2, NULL, NULL, &reason), "session");
  NULL_REFUSED(minnow_session_complete(session, NULL, 0, NULL, NULL, &reason), "text");
  NULL_REFUSED(minnow_session_stats(NULL, &json), "session");
  NULL_REFUSED(minnow_session_stats(session, NULL), "out_json");
  CHECK(other == UNTOUCHED(minnow_session) && json == UNTOUCHED(char));
  CHECK(logits == (const float*)(const void*)untouched && token == 77);
  CHECK(reason == MINNOW_REASON_STOP);
}

static minnow_flow count_bytes(void* user, const char* text, size_t n_bytes) {
  CHECK(n_bytes > 0 && text != NULL);
  *(size_t*)user += n_bytes;
  return MINNOW_CONTINUE;
}

static minnow_flow stop_at_once(void* user, const char* text, size_t n_bytes) {
  (void)user;
  (void)text;
  (void)n_bytes;
  return MINNOW_STOP;
}

static void check_session(minnow_model* model) {
  minnow_options* options = NULL;
  minnow_session* session = NULL;
  const minnow_token prompt[] = {45, 379, 84, 400, 308};
  const float* logits = NULL;
  float before, after;
  minnow_token token = -1;
  int64_t n_tokens = -1, n_ctx = -1;
  minnow_reason reason = MINNOW_REASON_CONTEXT;
  Visitor visitor = {NULL, MINNOW_OK, 0};
  size_t n_bytes = 0;
  char* json = NULL;
  minnow_options_create(&options);
  minnow_options_set_int(options, "n_ctx", 100);
  minnow_options_set_int(options, "max_tokens", 6);
  minnow_options_set_float(options, "temperature", 0);
  CHECK(minnow_session_create(model, options, &session) == MINNOW_OK);
  minnow_options_free(options);
  check_session_nulls(model, session);

  CHECK(minnow_session_prefill(session, NULL, 0) == MINNOW_OK);
  CHECK(minnow_session_prefill(session, prompt, 5) == MINNOW_OK);
  CHECK(minnow_session_logits(session, &logits) == MINNOW_OK);
  before = logits[17];
  CHECK(minnow_session_sample(session, &token) == MINNOW_OK && token >= 0 && token < 512);
  CHECK(minnow_session_decode(session, token) == MINNOW_OK);
  CHECK(minnow_session_position(session, &n_tokens, &n_ctx) == MINNOW_OK);
  CHECK(n_tokens == 6 && n_ctx == 100);
  CHECK(minnow_session_position(session, NULL, NULL) == MINNOW_OK);
  REFUSED(minnow_session_decode(session, 512), MINNOW_INVALID_ARGUMENT, "512");
  CHECK(minnow_session_truncate(session, 4) == MINNOW_OK);
  CHECK(minnow_session_decode(session, prompt[4]) == MINNOW_OK);
  CHECK(minnow_session_logits(session, &logits) == MINNOW_OK);
  after = logits[17];
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  CHECK(minnow_session_evaluate(session, prompt, 5, count_rows, &visitor) == MINNOW_OK);
  CHECK(visitor.n_rows == 5);
  CHECK(minnow_session_truncate(session, 0) == MINNOW_OK);

  CHECK(minnow_session_chat(session, "system", "Be kind.", count_bytes, &n_bytes, NULL) ==
            MINNOW_OK &&
        n_bytes == 0);
  CHECK(minnow_session_chat(session, "user", "Hi", count_bytes, &n_bytes, &reason) == MINNOW_OK);
  CHECK(reason == MINNOW_REASON_LENGTH || reason == MINNOW_REASON_END);
  CHECK(minnow_session_chat(session, "user", "Hi", stop_at_once, NULL, &reason) == MINNOW_OK);
  CHECK(reason == MINNOW_REASON_CALLBACK || reason == MINNOW_REASON_END);
  CHECK(minnow_session_messages(session, &json) == MINNOW_OK);
  CHECK(is_json(json, "\"Be kind.\""));
  minnow_free(json);
  CHECK(minnow_session_set_messages(session, "[{\"role\":\"user\",\"content\":\"One\"}]",
                                    MINNOW_ZERO_TERMINATED) == MINNOW_OK);
  CHECK(minnow_session_messages(session, &json) == MINNOW_OK);
  CHECK(strcmp(json, "[{\"role\":\"user\",\"content\":\"One\"}]") == 0);
  minnow_free(json);
  CHECK(minnow_session_complete(session, " and", MINNOW_ZERO_TERMINATED, count_bytes, &n_bytes,
                                NULL) == MINNOW_OK);
  CHECK(minnow_session_stats(session, &json) == MINNOW_OK);
  CHECK(is_json(json, "\"prompt_tokens\"") && strstr(json, "\"session_bytes\"") != NULL);
  minnow_free(json);
  minnow_session_free(session);
}

static void check_together(minnow_model* model) {
  static const minnow_token tokens[2] = {20, 21};
  minnow_session* sessions[2] = {NULL, NULL};
  minnow_session* twice[2];
  int64_t n_tokens = 0;
  char* json = NULL;
  CHECK(minnow_session_create(model, NULL, &sessions[0]) == MINNOW_OK);
  CHECK(minnow_session_create(model, NULL, &sessions[1]) == MINNOW_OK);
  CHECK(minnow_sessions_decode(NULL, NULL, 0) == MINNOW_OK);
  NULL_REFUSED(minnow_sessions_decode(NULL, tokens, 2), "sessions");
  NULL_REFUSED(minnow_sessions_decode(sessions, NULL, 2), "tokens");
  twice[0] = twice[1] = sessions[0];
  REFUSED(minnow_sessions_decode(twice, tokens, 2), MINNOW_INVALID_ARGUMENT, "twice");
  twice[1] = NULL;
  REFUSED(minnow_sessions_decode(twice, tokens, 2), MINNOW_INVALID_ARGUMENT, "session 1");
  CHECK(minnow_sessions_decode(sessions, tokens, 2) == MINNOW_OK);
  CHECK(minnow_session_position(sessions[1], &n_tokens, NULL) == MINNOW_OK && n_tokens == 1);
  CHECK(minnow_session_stats(sessions[1], &json) == MINNOW_OK);
  CHECK(strstr(json, "\"tokens_read\":1,") != NULL);
  CHECK(strstr(json, "\"weight_bytes_read\":0,") == NULL);
  CHECK(strstr(json, "\"cpu_seconds\":0}") == NULL && strstr(json, "\"cpu_seconds\":0,") == NULL);
  minnow_free(json);
  CHECK(minnow_session_set_deadline(sessions[0], 1e-9) == MINNOW_OK);
  REFUSED(minnow_sessions_decode(sessions, tokens, 2), MINNOW_TIMED_OUT, "deadline");
  CHECK(minnow_session_position(sessions[1], &n_tokens, NULL) == MINNOW_OK && n_tokens == 1);
  CHECK(minnow_session_set_deadline(sessions[0], 0) == MINNOW_OK);
  CHECK(minnow_sessions_decode(sessions, tokens, 2) == MINNOW_OK);
  minnow_session_free(sessions[0]);
  minnow_session_free(sessions[1]);
}

int main(int argc, char** argv) {
  minnow_model* model = NULL;
  if (argc != 2) return 2;
  check_names();
  check_freeing_nothing();
  check_template_render();
  check_options();
  check_runtime(argv[1]);
  check_opening(argv[1]);
  check_descriptor(argv[1]);
  check_hooks(argv[1]);
  CHECK(minnow_model_open(argv[1], NULL, &model) == MINNOW_OK);
  if (model != NULL) {
    check_text(model);
    check_session(model);
    check_embed(model);
    check_together(model);
    check_busy_and_cancel(model);
  }
  minnow_model_free(model);
  if (n_failures > 0) fprintf(stderr, "%d checks failed\n", n_failures);
  return n_failures > 0;
}
