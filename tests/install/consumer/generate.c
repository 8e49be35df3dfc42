/* Opens a model, continues a prompt greedily and prints the tokens' ids. C99; prints and returns 1
 * on the first failure. */
#include <minnow/minnow.h>
#include <stdio.h>

enum { kAnswer = 16 };

static int generate(const minnow_model* model, minnow_session* session) {
  minnow_token* prompt = NULL;
  size_t n_prompt = 0;
  if (minnow_model_tokenize(model, "The capital of France is", MINNOW_ZERO_TERMINATED,
                            MINNOW_ADD_SPECIAL, &prompt, &n_prompt) != MINNOW_OK)
    return 0;
  minnow_status status = minnow_session_prefill(session, prompt, n_prompt);
  minnow_free(prompt);
  for (int i = 0; i < kAnswer && status == MINNOW_OK; ++i) {
    minnow_token token = 0;
    status = minnow_session_sample(session, &token);
    if (status == MINNOW_OK) status = minnow_session_decode(session, token);
    if (status == MINNOW_OK) printf("%d\n", (int)token);
  }
  return status == MINNOW_OK;
}

int main(int argc, char** argv) {
  minnow_options* options = NULL;
  minnow_model* model = NULL;
  minnow_session* session = NULL;
  const int done =
      argc == 2 && minnow_options_create(&options) == MINNOW_OK &&
      minnow_options_set_float(options, "temperature", 0.0) == MINNOW_OK &&
      minnow_model_open(argv[1], options, &model) == MINNOW_OK &&
      minnow_session_create(model, options, &session) == MINNOW_OK && generate(model, session);
  if (!done) fprintf(stderr, "%s\n", minnow_last_error());
  minnow_session_free(session);
  minnow_model_free(model);
  minnow_options_free(options);
  return done ? 0 : 1;
}
