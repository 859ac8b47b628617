#include "device.cuh"

FFIS_COUNTED(bias_add);

FFIS_KERNEL ffis_bias_add(const float *x, const float *bias, float *out, uint32_t m, uint32_t n) {
    FFIS_ENTER(bias_add);
    const uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < (uint64_t)m * n) {
        out[i] = x[i] + bias[i % n];
    }
}
