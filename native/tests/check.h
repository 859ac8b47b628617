/* Counting checks, and the guard side that the current pass uses. */
#ifndef FFIS_CHECK_H
#define FFIS_CHECK_H

#include <stdio.h>

#include "guard.h"

static unsigned passed, failed;
static enum guard_side side;

/* Counts condition as passed or failed; a failure prints the condition and the message, printf style. */
#define CHECK(condition, ...)                                                           \
    do {                                                                                \
        if (condition) {                                                                \
            passed++;                                                                   \
        } else {                                                                        \
            failed++;                                                                   \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);             \
            fprintf(stderr, __VA_ARGS__);                                               \
            fprintf(stderr, "; guard %s\n", side == GUARD_AFTER ? "after" : "before"); \
        }                                                                               \
    } while (0)

#define CLOSE(guard) CHECK(guard_close(guard), "written outside of the buffer")

#endif
