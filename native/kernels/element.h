/* What a kernel does with one element, as text that the C kernels and the CUDA kernels share. Both are compiled without
 * contraction, so that their results agree bit for bit. */
#ifndef FFIS_ELEMENT_H
#define FFIS_ELEMENT_H

#ifdef __CUDACC__
#define FFIS_ELEMENT static __device__ __forceinline__
#else
#include <stdint.h>
#define FFIS_ELEMENT static inline
#endif

FFIS_ELEMENT float saxpy_element(float a, float x, float y) { return a * x + y; }

/* Comparing this way round keeps NaN (the comparison is false) and -0.0. */
FFIS_ELEMENT float relu_element(float x) { return x < 0.0f ? 0.0f : x; }

/* Signed overflow is undefined in C, unsigned wraps; converting back is modular in every compiler used here. */
FFIS_ELEMENT int64_t add_element(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

/* Shift, exclusive or and multiply, each needing the one before. Zero is a fixed point. The multiplier is the first of
 * SplitMix64's finaliser (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). */
FFIS_ELEMENT uint64_t spin_element(uint64_t x) { return (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ull; }

#endif
