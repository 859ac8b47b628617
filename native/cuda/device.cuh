/* What every CUDA kernel begins with. NVRTC has no standard headers: these are the types of the kernels' prototypes.
 *
 * A kernel takes its C counterpart's parameters in the same order; one that returns something takes, last, the address
 * of a word on the device and writes the result there. Compiled with -fmad=false. */
#ifndef FFIS_DEVICE_CUH
#define FFIS_DEVICE_CUH

typedef unsigned char uint8_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

#define FFIS_KERNEL extern "C" __global__ void

/* The counting build counts launches: one thread of each launch passes here. */
#ifdef FFIS_COUNTING
#define FFIS_COUNTED(kernel) extern "C" __device__ uint64_t ffis_count_##kernel
#define FFIS_ENTER(kernel)                                                            \
    do {                                                                              \
        if (blockIdx.x + blockIdx.y + threadIdx.x + threadIdx.y == 0) {               \
            atomicAdd(&ffis_count_##kernel, 1ull);                                    \
        }                                                                             \
    } while (0)
#else
#define FFIS_COUNTED(kernel) typedef uint64_t ffis_uncounted_##kernel
#define FFIS_ENTER(kernel) ((void)0)
#endif

#include "element.h"

static __device__ __forceinline__ uint32_t flat_index(void) { return blockIdx.x * blockDim.x + threadIdx.x; }

/* Nanoseconds of the device's own clock, which ticks in steps of its own. */
static __device__ __forceinline__ uint64_t device_clock_ns(void) {
    uint64_t ns;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
    return ns;
}

#endif
