/* A streaming chat with error handling, as the README shows it. */
#include <minnow/minnow.h>
#include <stdio.h>

static minnow_flow print(void* user, const char* text, size_t n_bytes) { /* whole characters only */
  (void)user;
  fwrite(text, 1, n_bytes, stdout);
  return fflush(stdout) ? MINNOW_STOP : MINNOW_CONTINUE;
}

int main(int argc, char** argv) {
  minnow_model* model = NULL;
  minnow_session* chat = NULL;
  char line[4096];
  if (argc == 2 && minnow_model_open(argv[1], NULL, &model) == MINNOW_OK &&
      minnow_session_create(model, NULL, &chat) == MINNOW_OK)
    while (fgets(line, sizeof line, stdin) &&
           minnow_session_chat(chat, "user", line, print, NULL, NULL) == MINNOW_OK)
      puts("");
  if (*minnow_last_error()) fprintf(stderr, "%s\n", minnow_last_error());
  minnow_session_free(chat); /* any order, NULL is fine */
  minnow_model_free(model);
  return 0;
}
