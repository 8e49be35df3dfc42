/* What the C99 tests say of a call, and how many of them failed. */
#ifndef MINNOW_TESTS_CHECKS_H
#define MINNOW_TESTS_CHECKS_H

#include <minnow/minnow.h>
#include <stdio.h>
#include <string.h>

static int n_failures = 0;

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #condition, minnow_last_error()); \
      ++n_failures;                                                                     \
    }                                                                                   \
  } while (0)

/* A call that fails with this status, and a message that has this text. */
#define REFUSED(call, status, text)                                                            \
  do {                                                                                         \
    const minnow_status got = (call);                                                          \
    if (got != (status) || strstr(minnow_last_error(), text) == NULL) {                        \
      fprintf(stderr, "line %d: %s gave '%s': %s\n", __LINE__, #call, minnow_status_name(got), \
              minnow_last_error());                                                            \
      ++n_failures;                                                                            \
    }                                                                                          \
  } while (0)

#define NULL_REFUSED(call, argument) REFUSED(call, MINNOW_INVALID_ARGUMENT, "'" argument "'")

/* Something that out-parameters point to, to see that it stays. */
static char untouched[1];
#define UNTOUCHED(type) ((type*)(void*)untouched)

#endif
