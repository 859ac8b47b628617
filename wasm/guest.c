/* Guest memory for callers: a bump allocator over the memory behind the guest's stack and data.
 *
 * The host places buffers here before it calls a kernel; the kernels themselves allocate nothing. The memory has a
 * fixed size, so an address or a host-side view stays valid for as long as the instance lives.
 */
#include <stddef.h>
#include <stdint.h>

#define FFIS_PAGE_NBYTES 65536u
#define FFIS_ALIGNMENT 64u /* one cache line, and enough for every SIMD width */

extern unsigned char __heap_base;

static uintptr_t ffis_guest_top;

static uintptr_t ffis_guest_base(void) {
    return ((uintptr_t)&__heap_base + FFIS_ALIGNMENT - 1) & ~(uintptr_t)(FFIS_ALIGNMENT - 1);
}

/* Where the next allocation goes; hand it to ffis_guest_reset to free all that was allocated since. */
uint32_t ffis_guest_mark(void) {
    if (ffis_guest_top == 0) { ffis_guest_top = ffis_guest_base(); }
    return (uint32_t)ffis_guest_top;
}

/* The address of nbytes aligned to 64, or 0 where the memory is full. */
uint32_t ffis_guest_alloc(uint32_t nbytes) {
    uint64_t start = ffis_guest_mark();
    uint64_t end = (start + nbytes + FFIS_ALIGNMENT - 1) & ~(uint64_t)(FFIS_ALIGNMENT - 1);
    if (end > (uint64_t)__builtin_wasm_memory_size(0) * FFIS_PAGE_NBYTES) { return 0; }
    ffis_guest_top = (uintptr_t)end;
    return (uint32_t)start;
}

void ffis_guest_reset(uint32_t mark) { ffis_guest_top = mark; }
