/* The product that matmul and dense_relu share: one body, so that their results agree bit for bit. */
#ifndef FFIS_MATMUL_BODY_H
#define FFIS_MATMUL_BODY_H

#include <stddef.h>

/* Row by row, as k scaled additions of a row of b: the loop over columns has no dependence between its steps and
 * vectorises, while each element still starts at 0.0f and is summed over k in index order. */
static inline void matmul_body(const float *restrict a, const float *restrict b, float *restrict out, size_t m,
                               size_t k, size_t n) {
    if (n == 0) {
        return; /* no row to write, and out may be NULL */
    }
    for (size_t i = 0; i < m; i++) {
        float *restrict row = out + i * n;
        for (size_t j = 0; j < n; j++) {
            row[j] = 0.0f;
        }
        for (size_t p = 0; p < k; p++) {
            const float scale = a[i * k + p];
            const float *restrict b_row = b + p * n;
            for (size_t j = 0; j < n; j++) {
                row[j] += scale * b_row[j];
            }
        }
    }
}

#endif
