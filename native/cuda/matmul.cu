#include "device.cuh"
#include "matmul_body.cuh"

FFIS_COUNTED(matmul);

FFIS_KERNEL ffis_matmul(const float *a, const float *b, float *out, uint32_t m, uint32_t k, uint32_t n) {
    FFIS_ENTER(matmul);
    const uint32_t row = blockIdx.y * TILE + threadIdx.y, column = blockIdx.x * TILE + threadIdx.x;
    const float sum = matmul_element(a, b, m, k, n, row, column);
    if (row < m && column < n) {
        out[(uint64_t)row * n + column] = sum;
    }
}
