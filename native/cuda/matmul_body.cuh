/* The product that matmul and dense_relu share on the device: one body, so that their results agree bit for bit. */
#ifndef FFIS_MATMUL_BODY_CUH
#define FFIS_MATMUL_BODY_CUH

#define TILE 16 /* device/geometry.py launches blocks of TILE x TILE threads */

/* The element of this thread, summed over k in index order from 0.0f, as the C kernel sums it. Tiles of both factors
 * are staged in shared memory: each is read TILE times. Every thread of the block has to come along. */
static __device__ __forceinline__ float matmul_element(const float *a, const float *b, uint32_t m, uint32_t k,
                                                       uint32_t n, uint32_t row, uint32_t column) {
    __shared__ float a_tile[TILE][TILE];
    __shared__ float b_tile[TILE][TILE];
    float sum = 0.0f;
    for (uint32_t start = 0; start < k; start += TILE) {
        const uint32_t p = start + threadIdx.x, q = start + threadIdx.y;
        a_tile[threadIdx.y][threadIdx.x] = row < m && p < k ? a[(uint64_t)row * k + p] : 0.0f;
        b_tile[threadIdx.y][threadIdx.x] = column < n && q < k ? b[(uint64_t)q * n + column] : 0.0f;
        __syncthreads();
        const uint32_t depth = k - start < TILE ? k - start : TILE; /* padding would turn -0.0 into 0.0 */
        for (uint32_t i = 0; i < depth; i++) {
            sum += a_tile[threadIdx.y][i] * b_tile[i][threadIdx.x];
        }
        __syncthreads();
    }
    return sum;
}

#endif
