/* Two kernels behind a plain C ABI. The caller owns every buffer.
 *
 * The prefix is no decoration: a bare `crc32` has the name of zlib's, and on ELF a call may reach whichever
 * of the two the process loaded first. */
#include "kernels.h"

/* CRC-32 as in zlib and gzip (RFC 1952, section 8): reflected, register inverted before and after. */
uint32_t kernels_crc32(const uint8_t *data, size_t nbytes)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < nbytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

/* y = a * x + y (BLAS level 1). Not `restrict`: a Python caller may pass the same array twice. */
void kernels_saxpy(float a, const float *x, float *y, size_t size)
{
    for (size_t i = 0; i < size; i++)
        y[i] = a * x[i] + y[i];
}
