/* Functions that keep, branch, adapt, score and time sessions, from C99: what they do, NULL
 * arguments, statuses, and that out-parameters stay untouched. Ends with 0 when all is well.
 *
 *   session_functions MODEL ADAPTER FOLDER */
#include <math.h>
#include <minnow/minnow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

static const minnow_token kPrompt[] = {45, 379, 84, 400, 308};

static minnow_flow add_text(void* user, const char* text, size_t n_bytes) {
  strncat(user, text, n_bytes);
  return MINNOW_CONTINUE;
}

static minnow_session* new_session(minnow_model* model) {
  minnow_options* options = NULL;
  minnow_session* session = NULL;
  CHECK(minnow_options_create(&options) == MINNOW_OK);
  CHECK(minnow_options_set_int(options, "n_ctx", 400) == MINNOW_OK);
  CHECK(minnow_options_set_int(options, "max_tokens", 12) == MINNOW_OK);
  CHECK(minnow_options_set_float(options, "temperature", 0) == MINNOW_OK);
  CHECK(minnow_session_create(model, options, &session) == MINNOW_OK);
  minnow_options_free(options);
  return session;
}

static void check_next(minnow_model* model) {
  minnow_session* session = new_session(model);
  char pushed[4096] = "", pulled[4096] = "";
  const char* text = untouched;
  size_t n_bytes = 77;
  minnow_reason reason = MINNOW_REASON_CALLBACK;
  char* json = NULL;
  NULL_REFUSED(minnow_session_next(NULL, &text, &n_bytes, NULL), "session");
  NULL_REFUSED(minnow_session_next(session, NULL, &n_bytes, NULL), "out_text");
  NULL_REFUSED(minnow_session_next(session, &text, NULL, NULL), "out_n_bytes");
  REFUSED(minnow_session_next(session, &text, &n_bytes, &reason), MINNOW_INVALID_ARGUMENT,
          "no answer");
  CHECK(text == untouched && n_bytes == 77 && reason == MINNOW_REASON_CALLBACK);

  CHECK(minnow_session_chat(session, "user", "Hi", add_text, pushed, NULL) == MINNOW_OK);
  minnow_session_free(session);
  session = new_session(model);
  CHECK(minnow_session_chat(session, "user", "Hi", NULL, NULL, NULL) == MINNOW_OK);
  while (minnow_session_next(session, &text, &n_bytes, &reason) == MINNOW_OK && n_bytes > 0) {
    CHECK(text[n_bytes] == '\0' && reason == MINNOW_REASON_CALLBACK);
    strcat(pulled, text);
  }
  CHECK(reason == MINNOW_REASON_LENGTH || reason == MINNOW_REASON_END);
  CHECK(strlen(pulled) > 0 && strcmp(pulled, pushed) == 0);
  REFUSED(minnow_session_next(session, &text, &n_bytes, NULL), MINNOW_INVALID_ARGUMENT,
          "no answer");

  /* Another call ends the answer; what was given of it is a message. */
  CHECK(minnow_session_chat(session, "user", "More", NULL, NULL, NULL) == MINNOW_OK);
  CHECK(minnow_session_next(session, &text, &n_bytes, NULL) == MINNOW_OK && n_bytes > 0);
  CHECK(minnow_session_decode(session, 45) == MINNOW_OK);
  REFUSED(minnow_session_next(session, &text, &n_bytes, NULL), MINNOW_INVALID_ARGUMENT,
          "no answer");
  CHECK(minnow_session_messages(session, &json) == MINNOW_OK);
  CHECK(strstr(json, "\"More\"},{\"role\":\"assistant\"") != NULL);
  minnow_free(json);
  minnow_session_free(session);
}

static void check_saving(minnow_model* model, const char* model_path, const char* folder) {
  minnow_session* session = new_session(model);
  minnow_session* other = new_session(model);
  minnow_session* copy = UNTOUCHED(minnow_session);
  char path[4096];
  minnow_token a = -1, b = -2, c = -3;
  snprintf(path, sizeof path, "%s/session.mnw", folder);
  NULL_REFUSED(minnow_session_save(NULL, path), "session");
  NULL_REFUSED(minnow_session_save(session, NULL), "path");
  NULL_REFUSED(minnow_session_restore(NULL, path), "session");
  NULL_REFUSED(minnow_session_restore(session, NULL), "path");
  NULL_REFUSED(minnow_session_fork(NULL, &copy), "session");
  NULL_REFUSED(minnow_session_fork(session, NULL), "out_session");
  CHECK(copy == UNTOUCHED(minnow_session));
  REFUSED(minnow_session_restore(session, path), MINNOW_NOT_FOUND, "session.mnw");
  REFUSED(minnow_session_restore(session, model_path), MINNOW_BAD_FILE, "not a saved session");
  REFUSED(minnow_session_save(session, "/no/such/folder/x"), MINNOW_NOT_FOUND, "/no/such/folder");
  CHECK(minnow_session_prefill(session, kPrompt, 5) == MINNOW_OK);
  CHECK(minnow_session_save(session, path) == MINNOW_OK);
  CHECK(minnow_session_restore(other, path) == MINNOW_OK);
  CHECK(minnow_session_fork(session, &copy) == MINNOW_OK);
  CHECK(minnow_session_sample(session, &a) == MINNOW_OK);
  CHECK(minnow_session_sample(other, &b) == MINNOW_OK);
  CHECK(minnow_session_sample(copy, &c) == MINNOW_OK);
  CHECK(a >= 0 && a == b && a == c);
  minnow_session_free(session);
  CHECK(minnow_session_decode(copy, a) == MINNOW_OK);
  minnow_session_free(copy);
  minnow_session_free(other);
}

static float logit_of(minnow_session* session) {
  const float* logits = NULL;
  CHECK(minnow_session_truncate(session, 0) == MINNOW_OK);
  CHECK(minnow_session_prefill(session, kPrompt, 5) == MINNOW_OK);
  CHECK(minnow_session_logits(session, &logits) == MINNOW_OK);
  return logits != NULL ? logits[17] : 0;
}

static void check_adapters(minnow_model* model, const char* model_path, const char* path) {
  minnow_adapter* adapter = UNTOUCHED(minnow_adapter);
  minnow_session* session = new_session(model);
  const float plain = logit_of(session);
  float adapted;
  minnow_adapter_free(NULL);
  NULL_REFUSED(minnow_adapter_open(NULL, path, &adapter), "model");
  NULL_REFUSED(minnow_adapter_open(model, NULL, &adapter), "path");
  NULL_REFUSED(minnow_adapter_open(model, path, NULL), "out_adapter");
  REFUSED(minnow_adapter_open(model, "/no/such.gguf", &adapter), MINNOW_NOT_FOUND, "/no/such");
  REFUSED(minnow_adapter_open(model, model_path, &adapter), MINNOW_BAD_FILE, "not an adapter");
  CHECK(adapter == UNTOUCHED(minnow_adapter));
  CHECK(minnow_adapter_open(model, path, &adapter) == MINNOW_OK);
  NULL_REFUSED(minnow_session_attach(NULL, adapter, 1), "session");
  NULL_REFUSED(minnow_session_attach(session, NULL, 1), "adapter");
  REFUSED(minnow_session_attach(session, adapter, HUGE_VAL), MINNOW_INVALID_ARGUMENT, "finite");
  CHECK(minnow_session_attach(session, adapter, 0.5) == MINNOW_OK);
  adapted = logit_of(session);
  CHECK(memcmp(&plain, &adapted, sizeof plain) != 0);
  CHECK(minnow_session_attach(session, adapter, 0) == MINNOW_OK);
  adapted = logit_of(session);
  CHECK(memcmp(&plain, &adapted, sizeof plain) == 0);
  CHECK(minnow_session_attach(session, adapter, 1) == MINNOW_OK);
  minnow_adapter_free(adapter); /* the session keeps what it needs */
  (void)logit_of(session);
  minnow_session_free(session);
}

static void check_scores(minnow_model* model) {
  minnow_session* session = new_session(model);
  const char* const texts[] = {" yes", " no", ""};
  const char* const broken[] = {"a", NULL};
  double scores[3] = {7, 7, 7}, again[3] = {7, 7, 7};
  int64_t position = -1;
  NULL_REFUSED(minnow_session_score(NULL, "So", texts, 3, scores), "session");
  NULL_REFUSED(minnow_session_score(session, "So", NULL, 3, scores), "continuations");
  NULL_REFUSED(minnow_session_score(session, "So", broken, 2, scores), "continuations");
  NULL_REFUSED(minnow_session_score(session, "So", texts, 3, NULL), "out_log_probabilities");
  CHECK(minnow_session_score(session, "So", NULL, 0, NULL) == MINNOW_OK);
  REFUSED(minnow_session_score(session, NULL, texts, 3, scores), MINNOW_INVALID_ARGUMENT,
          "nothing that");
  CHECK(scores[0] == 7);
  CHECK(minnow_session_score(session, "So", texts, 3, scores) == MINNOW_OK);
  CHECK(scores[0] < 0 && scores[1] < 0 && scores[2] == 0);
  CHECK(minnow_session_position(session, &position, NULL) == MINNOW_OK && position == 0);
  CHECK(minnow_session_prefill(session, kPrompt, 5) == MINNOW_OK);
  CHECK(minnow_session_score(session, NULL, texts, 3, scores) == MINNOW_OK);
  CHECK(minnow_session_score(session, "", texts, 3, again) == MINNOW_OK);
  CHECK(memcmp(scores, again, sizeof scores) == 0);
  minnow_session_free(session);
}

static void check_deadline(minnow_model* model) {
  minnow_session* session = new_session(model);
  int64_t position = -1;
  NULL_REFUSED(minnow_session_set_deadline(NULL, 1), "session");
  CHECK(minnow_session_set_deadline(session, 1e-9) == MINNOW_OK);
  REFUSED(minnow_session_prefill(session, kPrompt, 5), MINNOW_TIMED_OUT, "deadline");
  CHECK(minnow_session_position(session, &position, NULL) == MINNOW_OK && position == 0);
  CHECK(minnow_session_set_deadline(session, 3600) == MINNOW_OK);
  CHECK(minnow_session_prefill(session, kPrompt, 5) == MINNOW_OK);
  CHECK(minnow_session_set_deadline(session, 0) == MINNOW_OK);
  CHECK(minnow_session_decode(session, 45) == MINNOW_OK);
  CHECK(MINNOW_TIMED_OUT == 14 && strcmp(minnow_status_name(MINNOW_TIMED_OUT), "timed out") == 0);
  minnow_session_free(session);
}

int main(int argc, char** argv) {
  minnow_model* model = NULL;
  if (argc != 4) return 2;
  CHECK(minnow_model_open(argv[1], NULL, &model) == MINNOW_OK);
  if (model != NULL) {
    check_next(model);
    check_saving(model, argv[1], argv[3]);
    check_adapters(model, argv[1], argv[2]);
    check_scores(model);
    check_deadline(model);
  }
  minnow_model_free(model);
  if (n_failures > 0) fprintf(stderr, "%d checks failed\n", n_failures);
  return n_failures > 0;
}
