#include <stddef.h>

#include "ffis.h"

/* Comparing this way round keeps NaN (the comparison is false) and -0.0. */
void ffis_relu(const float *restrict x, float *restrict out, uint32_t size) {
    for (size_t i = 0; i < size; i++) {
        out[i] = x[i] < 0.0f ? 0.0f : x[i];
    }
}
