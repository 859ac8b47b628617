#include <stddef.h>

#include "ffis.h"

void ffis_saxpy(float a, const float *restrict x, const float *restrict y, float *restrict out, uint32_t size) {
    for (size_t i = 0; i < size; i++) {
        out[i] = a * x[i] + y[i];
    }
}
