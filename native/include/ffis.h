/* ffis: the kernel library that every rung of the FFI spectrum calls.
 *
 * Every binding in this project is derived from these prototypes; what a prototype cannot say (which pointer is
 * written, which count belongs to which buffer) stands in the kernel's spec, harness/ffi_spectrum/kernels/.
 *
 * Rules that hold for every kernel: the caller owns every buffer; buffers do not overlap; counts are elements unless
 * named nbytes; a count of zero is valid and then pointers are not read; nothing is allocated, kept or locked.
 */
#ifndef FFIS_H
#define FFIS_H

#include <stdint.h>

#ifndef FFIS_API
#define FFIS_API __attribute__((visibility("default")))
#endif

/* Nothing at all: what is left is the crossing. */
FFIS_API void ffis_noop(void);

/* a + b, wrapping in two's complement. */
FFIS_API int64_t ffis_add(int64_t a, int64_t b);

/* ((((((a + b) + c) + d) + e) + f) + g) + h, in this order. */
FFIS_API double ffis_sum8(double a, double b, double c, double d, double e, double f, double g, double h);

/* Sum of x[i] * y[i], in index order. */
FFIS_API double ffis_dot(const double *x, const double *y, uint32_t size);

/* out[i] = a * x[i] + y[i], rounded after the product and after the sum. */
FFIS_API void ffis_saxpy(float a, const float *x, const float *y, float *out, uint32_t size);

/* CRC-32/ISO-HDLC of data: the CRC of zlib, PNG and Ethernet. */
FFIS_API uint32_t ffis_crc32(const uint8_t *data, uint32_t nbytes);

/* RFC 4648 base64 with padding, no line breaks; out holds 4 * ceil(nbytes / 3) bytes, which is what is returned. */
FFIS_API uint32_t ffis_base64_encode(const uint8_t *data, uint32_t nbytes, uint8_t *out);

/* out[m, n] = a[m, k] @ b[k, n], row-major; every element is summed over k in index order. */
FFIS_API void ffis_matmul(const float *a, const float *b, float *out, uint32_t m, uint32_t k, uint32_t n);

/* out[m, n] = x[m, n] + bias[n], row-major. */
FFIS_API void ffis_bias_add(const float *x, const float *bias, float *out, uint32_t m, uint32_t n);

/* out[i] = x[i] < 0 ? 0 : x[i]; a NaN stays a NaN. */
FFIS_API void ffis_relu(const float *x, float *out, uint32_t size);

/* relu(a @ b + bias): matmul, bias_add and relu fused into one call, bit-identical to the three. */
FFIS_API void ffis_dense_relu(const float *a, const float *b, const float *bias, float *out, uint32_t m, uint32_t k,
                              uint32_t n);

/* steps dependent mixing steps of about five cycles each; returns the mixed seed. Dials the work in one call. */
FFIS_API uint64_t ffis_spin(uint64_t seed, uint32_t steps);

/* 65536, plus the first byte of data and 256 times the last if there are any. The payload's cost is the crossing's. */
FFIS_API uint32_t ffis_ends(const uint8_t *data, uint32_t nbytes);

/* The sum of all arguments, wrapping in two's complement: with noop, zero to eight scalars. */
FFIS_API int64_t ffis_args1(int64_t a);
FFIS_API int64_t ffis_args2(int64_t a, int64_t b);
FFIS_API int64_t ffis_args3(int64_t a, int64_t b, int64_t c);
FFIS_API int64_t ffis_args4(int64_t a, int64_t b, int64_t c, int64_t d);
FFIS_API int64_t ffis_args5(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e);
FFIS_API int64_t ffis_args6(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f);
FFIS_API int64_t ffis_args7(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g);
FFIS_API int64_t ffis_args8(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h);

#endif
