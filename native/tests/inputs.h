/* Reproducible inputs in guarded buffers. */
#ifndef FFIS_INPUTS_H
#define FFIS_INPUTS_H

#include <stdint.h>
#include <string.h>

#include "check.h"
#include "guard.h"

/* Varied integers within -50 and 50. */
static inline int value(size_t i, size_t stride) { return (int)((i * stride + 11) % 101) - 50; }

static inline struct guard open_floats(size_t size, size_t stride) {
    struct guard guard = guard_open(size * sizeof(float), side);
    float *data = (void *)guard.data;
    for (size_t i = 0; i < size; i++) {
        data[i] = (float)value(i, stride);
    }
    return guard;
}

static inline struct guard open_bytes(size_t nbytes) {
    struct guard guard = guard_open(nbytes, side);
    for (size_t i = 0; i < nbytes; i++) {
        guard.data[i] = (uint8_t)((i * 7 + 3) % 256);
    }
    return guard;
}

static inline int same_bits(float left, float right) { return memcmp(&left, &right, sizeof left) == 0; }

#endif
