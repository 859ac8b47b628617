#include <stdio.h>
#include <string.h>

#include "ffis.h"

/* A program that prints what kernels of each kind return: integers, a table, bytes, and floats as their bits. Two
 * builds that print the same compute the same. */
enum { SIZE = 67, SIDE = 7 };

static void print_bits(const char *name, const float *values, size_t count) {
    uint32_t bits;
    printf("%s", name);
    for (size_t i = 0; i < count; i++) {
        memcpy(&bits, &values[i], sizeof bits);
        printf(" %08lx", (unsigned long)bits);
    }
    printf("\n");
}

int main(void) {
    double wide[SIZE], dot;
    float x[SIZE], y[SIZE], out[SIZE];
    uint8_t data[SIZE], encoded[4 * ((SIZE + 2) / 3)];
    uint64_t bits;
    for (uint32_t i = 0; i < SIZE; i++) {
        x[i] = (float)(i * 37 % 101) / 8.0f - 5.0f;
        y[i] = 1.0f / (float)(i + 3);
        wide[i] = 1.0 / (double)(i + 3);
        data[i] = (uint8_t)(i * 31 + 7);
    }
    printf("add %lld\n", (long long)ffis_add(INT64_MAX, 2));
    printf("spin %llx\n", (unsigned long long)ffis_spin(UINT64_C(0x9E3779B97F4A7C15), 1000));
    printf("crc32 %08lx\n", (unsigned long)ffis_crc32((const uint8_t *)"123456789", 9));
    ffis_base64_encode(data, SIZE, encoded);
    printf("base64 %.*s\n", (int)sizeof encoded, (const char *)encoded);
    ffis_saxpy(0.3f, x, y, out, SIZE);
    print_bits("saxpy", out, SIZE);
    ffis_matmul(x, y, out, SIDE, SIDE, SIDE);
    print_bits("matmul", out, SIDE * SIDE);
    dot = ffis_dot(wide, wide, SIZE);
    memcpy(&bits, &dot, sizeof bits);
    printf("dot %016llx\n", (unsigned long long)bits);
    return 0;
}
