#include "ffis.h"
#include "matmul_body.h"

void ffis_matmul(const float *restrict a, const float *restrict b, float *restrict out, uint32_t m, uint32_t k,
                 uint32_t n) {
    matmul_body(a, b, out, m, k, n);
}
