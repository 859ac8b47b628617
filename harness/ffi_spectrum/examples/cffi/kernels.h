#ifndef KERNELS_H
#define KERNELS_H

#include <stddef.h>
#include <stdint.h>

uint32_t kernels_crc32(const uint8_t *data, size_t nbytes);
void kernels_saxpy(float a, const float *x, float *y, size_t size);

#endif
