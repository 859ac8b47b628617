#include "device.cuh"

#define DOT_THREADS 256 /* a power of two; device/geometry.py launches one block of them */

FFIS_COUNTED(dot);

/* One block: each thread sums every 256th product in index order, then halves are added. Not the C kernel's order, and
 * the same at every launch. */
FFIS_KERNEL ffis_dot(const double *x, const double *y, uint32_t size, double *result) {
    FFIS_ENTER(dot);
    __shared__ double sums[DOT_THREADS];
    double sum = 0.0;
    for (uint64_t i = threadIdx.x; i < size; i += DOT_THREADS) {
        sum += x[i] * y[i];
    }
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (uint32_t half = DOT_THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            sums[threadIdx.x] += sums[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        *result = sums[0];
    }
}
