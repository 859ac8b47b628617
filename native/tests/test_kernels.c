/* Every kernel on published values and at the edges of its sizes, with buffers flush against inaccessible pages. The
 * inputs are small integers, so that integer arithmetic gives the exact floating-point result in any order. */
#define _DEFAULT_SOURCE 1 /* MAP_ANONYMOUS, under -std=c11 */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ffis.h"
#include "guard.h"
#include "inputs.h"

static void test_scalars(void) {
    ffis_noop();
    CHECK(ffis_add(-5, 3) == -2, "add");
    CHECK(ffis_add(INT64_MAX, 1) == INT64_MIN, "wraps upwards");
    CHECK(ffis_add(INT64_MIN, -1) == INT64_MAX, "wraps downwards");
    CHECK(ffis_sum8(1, 2, 4, 8, 16, 32, 64, 128) == 255.0, "each argument counts");
    CHECK(ffis_sum8(1e16, 1, -1e16, 1, 1e16, 1, -1e16, 1) == 1.0, "order of the sum");
    const uint64_t seed = UINT64_C(0x9E3779B97F4A7C15); /* results: Python integers, modulo 2**64 */
    CHECK(ffis_spin(seed, 0) == seed, "no step");
    CHECK(ffis_spin(seed, 1) == UINT64_C(0xca009717327d1f6e), "one step");
    CHECK(ffis_spin(seed, 7) == UINT64_C(0x98ba688bc1ceb384), "7 steps");
    CHECK(ffis_spin(seed, 1023) == UINT64_C(0x97a31f42a32d23b7), "1023 steps");
}

static void test_arguments(void) {
    CHECK(ffis_args1(INT64_MIN) == INT64_MIN, "one");
    CHECK(ffis_args2(INT64_MAX, 1) == INT64_MIN, "wraps upwards");
    CHECK(ffis_args3(INT64_MIN, -1, 0) == INT64_MAX, "wraps downwards");
    CHECK(ffis_args4(1, 2, 4, -8) == -1, "four");
    CHECK(ffis_args5(1, 2, 4, 8, 16) == 31 && ffis_args6(1, 2, 4, 8, 16, 32) == 63, "each argument counts");
    CHECK(ffis_args7(1, 2, 4, 8, 16, 32, 64) == 127, "each argument counts");
    CHECK(ffis_args8(1, 2, 4, 8, 16, 32, 64, 128) == 255, "each argument counts");
}

static void test_dot(uint32_t size) {
    struct guard x = guard_open(size * sizeof(double), side), y = guard_open(size * sizeof(double), side);
    double *xs = (void *)x.data, *ys = (void *)y.data;
    int64_t expected = 0;
    for (size_t i = 0; i < size; i++) {
        xs[i] = value(i, 37);
        ys[i] = value(i, 53);
        expected += (int64_t)value(i, 37) * value(i, 53);
    }
    CHECK(ffis_dot(xs, ys, size) == (double)expected, "size %u", size);
    CLOSE(x);
    CLOSE(y);
}

static void test_elementwise(uint32_t size) {
    struct guard x = open_floats(size, 37), y = open_floats(size, 53), out = open_floats(size, 1);
    const float *xs = (void *)x.data, *ys = (void *)y.data;
    float *outs = (void *)out.data;
    int saxpy_agrees = 1, relu_agrees = 1;
    ffis_saxpy(3.0f, xs, ys, outs, size);
    for (size_t i = 0; i < size; i++) {
        saxpy_agrees &= same_bits(outs[i], (float)(3 * value(i, 37) + value(i, 53)));
    }
    ffis_relu(xs, outs, size);
    for (size_t i = 0; i < size; i++) {
        relu_agrees &= same_bits(outs[i], (float)(value(i, 37) < 0 ? 0 : value(i, 37)));
    }
    CHECK(saxpy_agrees, "size %u", size);
    CHECK(relu_agrees, "size %u", size);
    CLOSE(x);
    CLOSE(y);
    CLOSE(out);
}

/* Bit by bit, with the reversed polynomial of CRC-32/ISO-HDLC. */
static uint32_t bitwise_crc32(const uint8_t *data, size_t nbytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t bit = 0; bit < 8 * nbytes; bit++) {
        const uint32_t low = (crc ^ (uint32_t)data[bit / 8] >> bit % 8) & 1;
        crc = (crc >> 1) ^ (low != 0 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

/* Character i of the base64 text holds bits 6 * i to 6 * i + 5 of data, followed by zeros. */
static uint8_t base64_character(const uint8_t *data, size_t nbytes, size_t i) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned index = 0;
    if (6 * i >= 8 * nbytes) {
        return '=';
    }
    for (size_t bit = 6 * i; bit < 6 * i + 6; bit++) {
        const unsigned byte = bit / 8 < nbytes ? data[bit / 8] : 0;
        index = index << 1 | (byte >> (7 - bit % 8) & 1);
    }
    return (uint8_t)alphabet[index];
}

static void test_bytes(uint32_t nbytes) {
    const uint32_t text_nbytes = (nbytes + 2) / 3 * 4;
    struct guard data = open_bytes(nbytes), out = open_bytes(text_nbytes);
    int agrees = 1;
    CHECK(ffis_crc32(data.data, nbytes) == bitwise_crc32(data.data, nbytes), "%u bytes", nbytes);
    CHECK(ffis_base64_encode(data.data, nbytes, out.data) == text_nbytes, "%u bytes", nbytes);
    CHECK(nbytes == 0 || ffis_ends(data.data, nbytes) == 65536 + data.data[0] + 256u * data.data[nbytes - 1], "ends");
    for (size_t i = 0; i < text_nbytes; i++) {
        agrees &= out.data[i] == base64_character(data.data, nbytes, i);
    }
    CHECK(agrees, "base64 of %u bytes", nbytes);
    CLOSE(data);
    CLOSE(out);
}

static void test_published(void) {
    static const char *const texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    const char *const words[] = {"123456789", "foobar"};
    struct guard digits = guard_open(9, side);
    memcpy(digits.data, words[0], 9);
    CHECK(ffis_crc32(digits.data, 9) == 0xCBF43926u, "catalogue of CRC algorithms, CRC-32/ISO-HDLC");
    CLOSE(digits);
    for (uint32_t nbytes = 0; nbytes < 7; nbytes++) { /* RFC 4648, section 10 */
        const size_t expected = strlen(texts[nbytes]);
        struct guard data = guard_open(nbytes, side), out = guard_open(expected, side);
        memcpy(data.data, words[1], nbytes);
        CHECK(ffis_base64_encode(data.data, nbytes, out.data) == expected, "%u bytes", nbytes);
        CHECK(memcmp(out.data, texts[nbytes], expected) == 0, "%u bytes", nbytes);
        CLOSE(data);
        CLOSE(out);
    }
}

static int exact_product(size_t i, size_t j, size_t k, size_t n) {
    int sum = 0; /* at most 1023 * 50 * 50, below 2**24 */
    for (size_t p = 0; p < k; p++) {
        sum += value(i * k + p, 37) * value(p * n + j, 53);
    }
    return sum;
}

static void test_matrices(uint32_t m, uint32_t k, uint32_t n) {
    const size_t size = (size_t)m * n;
    struct guard a = open_floats((size_t)m * k, 37), b = open_floats((size_t)k * n, 53);
    struct guard bias = open_floats(n, 29), product = open_floats(size, 1), out = open_floats(size, 1);
    const float *as = (void *)a.data, *bs = (void *)b.data, *biases = (void *)bias.data;
    float *products = (void *)product.data, *outs = (void *)out.data;
    int matmul_agrees = 1, bias_add_agrees = 1, dense_relu_agrees = 1;
    ffis_matmul(as, bs, products, m, k, n);
    ffis_bias_add(products, biases, outs, m, n);
    for (size_t i = 0; i < size; i++) {
        const int expected = exact_product(i / n, i % n, k, n);
        matmul_agrees &= same_bits(products[i], (float)expected);
        bias_add_agrees &= same_bits(outs[i], (float)(expected + value(i % n, 29)));
    }
    ffis_dense_relu(as, bs, biases, outs, m, k, n);
    for (size_t i = 0; i < size; i++) {
        const int sum = exact_product(i / n, i % n, k, n) + value(i % n, 29);
        dense_relu_agrees &= same_bits(outs[i], (float)(sum < 0 ? 0 : sum));
    }
    CHECK(matmul_agrees, "m=%u k=%u n=%u", m, k, n);
    CHECK(bias_add_agrees, "m=%u k=%u n=%u", m, k, n);
    CHECK(dense_relu_agrees, "m=%u k=%u n=%u", m, k, n);
    CLOSE(a);
    CLOSE(b);
    CLOSE(bias);
    CLOSE(product);
    CLOSE(out);
}

/* Results that rounding, order, signs of zero and NaN decide. */
static void test_rounding(void) {
    const float above_one = 1.0f + 0x1p-12f, sum = -(1.0f + 0x1p-11f);
    const float terms[] = {1e8f, 1.0f, -1e8f, 1.0f}, ones[] = {1.0f, 1.0f, 1.0f, 1.0f};
    const double wide_terms[] = {1e16, 1.0, -1e16, 1.0}, wide_ones[] = {1.0, 1.0, 1.0, 1.0};
    const float x[] = {-0.0f, -INFINITY, INFINITY, NAN, -0x1p-149f}, bias[] = {-0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    float out[5];
    ffis_saxpy(above_one, &above_one, &sum, out, 1);
    CHECK(same_bits(out[0], 0.0f), "a fused multiply-add gives 2**-24");
    CHECK(ffis_dot(wide_terms, wide_ones, 4) == 1.0, "only index order gives 1");
    ffis_matmul(terms, ones, out, 1, 4, 1);
    CHECK(same_bits(out[0], 1.0f), "only index order gives 1");
    ffis_matmul(x, ones, out, 1, 1, 1);
    CHECK(same_bits(out[0], 0.0f), "sums start at 0.0, not at the first product");
    ffis_bias_add(x, bias, out, 1, 5);
    CHECK(same_bits(out[0], -0.0f), "-0.0 + -0.0");
    ffis_relu(x, out, 5);
    CHECK(same_bits(out[0], -0.0f), "-0.0 is not below zero");
    CHECK(same_bits(out[1], 0.0f) && same_bits(out[2], INFINITY), "infinities");
    CHECK(isnan(out[3]), "NaN stays NaN");
    CHECK(same_bits(out[4], 0.0f), "the smallest negative number");
}

/* On values that round, the fused kernel still agrees with its three parts bit for bit. */
static void test_fused(void) {
    enum { M = 5, K = 33, N = 19 };
    float a[M * K], b[K * N], bias[N], parts[M * N], sums[M * N], fused[M * N];
    for (size_t i = 0; i < K * N; i++) {
        a[i % (M * K)] = 0.1f * (float)value(i, 37);
        b[i] = 0.3f * (float)value(i, 53);
        bias[i % N] = 0.7f * (float)value(i, 29);
    }
    ffis_matmul(a, b, parts, M, K, N);
    ffis_bias_add(parts, bias, sums, M, N);
    ffis_relu(sums, parts, M * N);
    ffis_dense_relu(a, b, bias, fused, M, K, N);
    CHECK(memcmp(parts, fused, sizeof fused) == 0, "dense_relu against its parts");
}

/* A count of zero is valid with no buffer at all. */
static void test_null(void) {
    float zeros[2] = {1.0f, 1.0f};
    CHECK(ffis_dot(NULL, NULL, 0) == 0.0, "dot");
    CHECK(ffis_crc32(NULL, 0) == 0, "crc32");
    CHECK(ffis_ends(NULL, 0) == 65536, "ends");
    CHECK(ffis_base64_encode(NULL, 0, NULL) == 0, "base64_encode");
    ffis_saxpy(1.0f, NULL, NULL, NULL, 0);
    ffis_relu(NULL, NULL, 0);
    ffis_matmul(NULL, NULL, NULL, 0, 3, 2);
    ffis_matmul(NULL, NULL, NULL, 2, 3, 0);
    ffis_bias_add(NULL, NULL, NULL, 0, 2);
    ffis_bias_add(NULL, NULL, NULL, 2, 0);
    ffis_dense_relu(NULL, NULL, NULL, NULL, 0, 3, 2);
    ffis_dense_relu(NULL, NULL, NULL, NULL, 2, 3, 0);
    ffis_matmul(NULL, NULL, zeros, 1, 0, 2);
    CHECK(same_bits(zeros[0], 0.0f) && same_bits(zeros[1], 0.0f), "an empty sum is 0.0");
}

int main(void) {
    static const uint32_t sizes[] = {0, 1, 7, 1023};
    static const uint32_t shapes[][3] = {{1023, 7, 1}, {1, 1023, 7}, {7, 1, 1023}};
    for (side = GUARD_AFTER; side <= GUARD_BEFORE; side++) {
        for (size_t i = 0; i < 4; i++) {
            test_dot(sizes[i]);
            test_elementwise(sizes[i]);
            test_bytes(sizes[i]);
        }
        for (size_t i = 0; i < 27; i++) { /* every shape of 0, 1 and 7 */
            test_matrices(sizes[i / 9], sizes[i / 3 % 3], sizes[i % 3]);
        }
        for (size_t i = 0; i < 3; i++) {
            test_matrices(shapes[i][0], shapes[i][1], shapes[i][2]);
        }
        test_published();
    }
    side = GUARD_AFTER;
    test_scalars();
    test_arguments();
    test_rounding();
    test_fused();
    test_null();
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
