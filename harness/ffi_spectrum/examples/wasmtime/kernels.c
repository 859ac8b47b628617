/* Two kernels and an allocator for a WebAssembly guest. It imports nothing, not even a C library.
 *
 * size_t and pointers are 32 bits here; the host sees pointers as byte offsets into the linear memory. */
#include <stddef.h>
#include <stdint.h>

/* Names the export and keeps the linker from dropping a function that nothing in the guest calls. */
#define EXPORT(name) __attribute__((export_name(#name))) name

/* CRC-32 as in zlib and gzip (RFC 1952, section 8): reflected, register inverted before and after. */
uint32_t EXPORT(kernels_crc32)(const uint8_t *data, size_t nbytes)
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
void EXPORT(kernels_saxpy)(float a, const float *x, float *y, size_t size)
{
    for (size_t i = 0; i < size; i++)
        y[i] = a * x[i] + y[i];
}

/* A bump allocator between the end of the guest's data and the end of its memory, which never grows. */
#define ALIGNMENT 16u /* one SIMD register */
#define PAGE_NBYTES 65536u

extern unsigned char __heap_base; /* its address is set by the linker: the first byte after data and stack */
static uintptr_t top;

static uintptr_t align(uintptr_t offset)
{
    return (offset + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
}

/* The offset of nbytes uninitialised bytes, or 0 when they don't fit. */
uintptr_t EXPORT(kernels_allocate)(size_t nbytes)
{
    if (top == 0)
        top = align((uintptr_t)&__heap_base);
    /* Both ends are aligned, so what passes this test still fits after rounding up. */
    if (nbytes > __builtin_wasm_memory_size(0) * PAGE_NBYTES - top)
        return 0;
    uintptr_t block = top;
    top = align(top + nbytes);
    return block;
}

/* Frees the block and everything allocated after it. */
void EXPORT(kernels_release)(uintptr_t block)
{
    top = block;
}
