/* Two or more copies of the library in one process, each found by its path and kept to itself; built
 * with MINNOW_LINKED, another one that is part of the program. All generate at once, a token each in
 * turn, and print "COPY TOKEN". */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <minnow/minnow.h>
#include <stdio.h>
#include <string.h>

enum { kMostCopies = 4, kAnswer = 16 };

typedef struct copy {
  minnow_status (*options_create)(minnow_options**);
  minnow_status (*options_set_float)(minnow_options*, const char*, double);
  minnow_status (*model_open)(const char*, const minnow_options*, minnow_model**);
  minnow_status (*session_create)(minnow_model*, const minnow_options*, minnow_session**);
  minnow_status (*session_prefill)(minnow_session*, const minnow_token*, size_t);
  minnow_status (*session_sample)(minnow_session*, minnow_token*);
  minnow_status (*session_decode)(minnow_session*, minnow_token);
  const char* (*last_error)(void);
  void (*session_free)(minnow_session*);
  void (*model_free)(minnow_model*);
  void (*options_free)(minnow_options*);
  void* library;
  minnow_options* options;
  minnow_model* model;
  minnow_session* session;
} copy;

static void find(void* library, const char* name, void* function) {
  void* const found = dlsym(library, name);
  memcpy(function, &found, sizeof found); /* C has no cast from void* to a function */
}

static int load(copy* c, const char* path) {
  c->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!c->library) {
    fprintf(stderr, "%s\n", dlerror());
    return 0;
  }
#define FIND(name) find(c->library, "minnow_" #name, &c->name)
  FIND(options_create);
  FIND(options_set_float);
  FIND(model_open);
  FIND(session_create);
  FIND(session_prefill);
  FIND(session_sample);
  FIND(session_decode);
  FIND(last_error);
  FIND(session_free);
  FIND(model_free);
  FIND(options_free);
#undef FIND
  return 1;
}

#ifdef MINNOW_LINKED
static void use_linked(copy* c) {
  c->options_create = minnow_options_create;
  c->options_set_float = minnow_options_set_float;
  c->model_open = minnow_model_open;
  c->session_create = minnow_session_create;
  c->session_prefill = minnow_session_prefill;
  c->session_sample = minnow_session_sample;
  c->session_decode = minnow_session_decode;
  c->last_error = minnow_last_error;
  c->session_free = minnow_session_free;
  c->model_free = minnow_model_free;
  c->options_free = minnow_options_free;
}
#endif

static int begin(copy* c, const char* model) {
  static const minnow_token prompt[] = {3, 5, 7, 11, 13};
  return c->options_create(&c->options) == MINNOW_OK &&
         c->options_set_float(c->options, "temperature", 0.0) == MINNOW_OK &&
         c->model_open(model, c->options, &c->model) == MINNOW_OK &&
         c->session_create(c->model, c->options, &c->session) == MINNOW_OK &&
         c->session_prefill(c->session, prompt, sizeof prompt / sizeof *prompt) == MINNOW_OK;
}

static int step(copy* c, int number) {
  minnow_token token = 0;
  if (c->session_sample(c->session, &token) != MINNOW_OK ||
      c->session_decode(c->session, token) != MINNOW_OK)
    return 0;
  printf("%d %d\n", number, (int)token);
  return 1;
}

static void end(copy* c) {
  c->session_free(c->session);
  c->model_free(c->model);
  c->options_free(c->options);
  if (c->library) dlclose(c->library);
}

int main(int argc, char** argv) { /* MODEL LIBRARY... */
  copy copies[kMostCopies];
  int n_copies = 0, done = argc >= 3 && argc - 1 <= kMostCopies;
  memset(copies, 0, sizeof copies);
#ifdef MINNOW_LINKED
  use_linked(&copies[n_copies++]);
#endif
  for (int i = 2; i < argc && done; ++i)
    if ((done = load(&copies[n_copies], argv[i])) != 0) ++n_copies;
  for (int i = 0; i < n_copies && done; ++i)
    if (!(done = begin(&copies[i], argv[1]))) fprintf(stderr, "%s\n", copies[i].last_error());
  for (int n = 0; n < kAnswer; ++n)
    for (int i = 0; i < n_copies && done; ++i) done = step(&copies[i], i);
  for (int i = n_copies; i-- > 0;) end(&copies[i]);
  return done ? 0 : 1;
}
