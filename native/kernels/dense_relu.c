#include "element.h"
#include "ffis.h"
#include "matmul_body.h"

void ffis_dense_relu(const float *restrict a, const float *restrict b, const float *restrict bias,
                     float *restrict out, uint32_t m, uint32_t k, uint32_t n) {
    matmul_body(a, b, out, m, k, n);
    if (n == 0) {
        return; /* m rows of nothing: bias and out may be NULL */
    }
    for (size_t i = 0; i < m; i++) {
        float *restrict row = out + i * n;
        for (size_t j = 0; j < n; j++) {
            row[j] = relu_element(row[j] + bias[j]);
        }
    }
}
