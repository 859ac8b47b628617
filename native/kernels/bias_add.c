#include <stddef.h>

#include "ffis.h"

void ffis_bias_add(const float *restrict x, const float *restrict bias, float *restrict out, uint32_t m, uint32_t n) {
    if (n == 0) {
        return; /* m rows of nothing: x and out may be NULL */
    }
    for (size_t i = 0; i < m; i++) {
        const float *restrict x_row = x + i * n;
        float *restrict row = out + i * n;
        for (size_t j = 0; j < n; j++) {
            row[j] = x_row[j] + bias[j];
        }
    }
}
