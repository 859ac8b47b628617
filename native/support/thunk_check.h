/* What every generated thunk needs: slots that are read once, and buffers that are checked. */
#ifndef FFIS_THUNK_CHECK_H
#define FFIS_THUNK_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "thunk.h"

/* A buffer as the caller states it: `nbytes` from `offset`, in elements of `width` bytes. */
struct ffis_span {
    uint64_t offset;
    uint64_t nbytes;
    uint64_t width;
    int is_written;
};

/* Volatile: the compiler must not read it a second time after the checks, when it may have changed. */
FFIS_INLINE uint64_t ffis_slot(const uint64_t *slots, size_t index) {
    return ((const volatile uint64_t *)slots)[index];
}

FFIS_INLINE float ffis_slot_float(const uint64_t *slots, size_t index) {
    const uint32_t bits = (uint32_t)ffis_slot(slots, index);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

FFIS_INLINE double ffis_slot_double(const uint64_t *slots, size_t index) {
    const uint64_t bits = ffis_slot(slots, index);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* a * b, or UINT64_MAX where that does not fit: no region is so large. */
FFIS_INLINE uint64_t ffis_product(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* Both lie in the region, so that the sums do not wrap. */
FFIS_INLINE int ffis_spans_overlap(const struct ffis_span *left, const struct ffis_span *right) {
    return left->nbytes > 0 && right->nbytes > 0 && left->offset < right->offset + right->nbytes &&
           right->offset < left->offset + left->nbytes;
}

/* Whether every span lies in the region and is aligned, and none that is written overlaps another: the kernels'
 * pointers are `restrict`. */
FFIS_INLINE int ffis_spans_fit(const struct ffis_span *spans, size_t count, const unsigned char *base,
                               uint64_t nbytes) {
    for (size_t i = 0; i < count; i++) {
        const struct ffis_span *span = &spans[i];
        if (span->offset > nbytes || span->nbytes > nbytes - span->offset) { return 0; }
        if (((uintptr_t)base + span->offset) % span->width != 0) { return 0; }
        for (size_t j = 0; j < i; j++) {
            if ((span->is_written || spans[j].is_written) && ffis_spans_overlap(span, &spans[j])) { return 0; }
        }
    }
    return base != NULL;
}

#endif
