/* How the buffers of a call get into memory that the worker shares, and back.
 *
 * A buffer that lies in the arena is in place, and its slot is its offset. Any other is copied into the staging area
 * before the request is published, and copied back after the answer if the kernel writes it.
 */
#ifndef FFIS_RING_PAYLOAD_H
#define FFIS_RING_PAYLOAD_H

#include <string.h>

#include "ring.h"

/* One buffer of a call; `slot` is the place of its pointer among the arguments. */
struct ffis_piece {
    void *pointer;
    uint64_t nbytes;
    uint64_t offset; /* where it is placed, from the start of the mapping, as all offsets are */
    uint32_t slot;
    int is_written;
};

struct ffis_call {
    uint32_t op;
    uint32_t kernel;
    uint64_t times;
    uint32_t slots_count;
    uint32_t pieces_count;
    uint64_t slots[FFIS_RING_SLOTS];
    struct ffis_piece pieces[FFIS_RING_SLOTS];
};

/* The staging area is [start, end), the arena [end, nbytes). Staged payload is given free in the order in which it was
 * staged; it lies in [tail, head), or, where it has wrapped, in [tail, top) and [start, head).
 */
struct ffis_staging {
    unsigned char *memory;
    uint64_t nbytes;
    uint64_t start, end;
    uint64_t head, tail, top;
    int is_wrapped;
};

/* Room for `nbytes`, UINT64_MAX where there is none until more is given free.
 *
 * It starts again at the low end as soon as that has as much room as is in use: what is written often stays in cache.
 */
FFIS_INLINE uint64_t ffis_staging_take(struct ffis_staging *area, uint64_t nbytes) {
    if (nbytes == 0) { return area->start; }
    if (area->is_wrapped) {
        if (nbytes > area->tail - area->head) { return UINT64_MAX; }
    } else {
        if (area->head == area->tail) { area->head = area->tail = area->start; }
        const uint64_t before = area->tail - area->start, behind = area->end - area->head;
        if (nbytes <= before && (nbytes > behind || before >= area->head - area->tail)) {
            area->top = area->head;
            area->head = area->start;
            area->is_wrapped = 1;
        } else if (nbytes > behind) {
            return UINT64_MAX;
        }
    }
    area->head += nbytes;
    return area->head - nbytes;
}

/* Gives free the oldest `nbytes` that are staged, which end at `end`. */
FFIS_INLINE void ffis_staging_give(struct ffis_staging *area, uint64_t nbytes, uint64_t end) {
    if (nbytes == 0) { return; }
    area->tail = end;
    if (area->is_wrapped && area->tail == area->top) {
        area->tail = area->start;
        area->is_wrapped = 0;
    }
}

FFIS_INLINE int ffis_staging_is_in_arena(const struct ffis_staging *area, const struct ffis_piece *piece) {
    const uint64_t offset = (uint64_t)((uintptr_t)piece->pointer - (uintptr_t)area->memory);
    return offset >= area->end && offset <= area->nbytes && piece->nbytes <= area->nbytes - offset;
}

/* What the call needs of the staging area; UINT64_MAX, or what no area has, for lengths that are out of all bounds. */
FFIS_INLINE uint64_t ffis_staging_need(const struct ffis_staging *area, const struct ffis_call *call) {
    uint64_t need = 0;
    for (uint32_t i = 0; i < call->pieces_count; i++) {
        const struct ffis_piece *piece = &call->pieces[i];
        if (ffis_staging_is_in_arena(area, piece)) { continue; }
        if (piece->nbytes > area->nbytes) { return UINT64_MAX; }
        need += ffis_padded(piece->nbytes);
    }
    return need;
}

/* Puts every buffer in place from `offset` on, copies what the kernel reads, and fills the slots of the pointers. */
FFIS_INLINE void ffis_copy_in(const struct ffis_staging *area, struct ffis_call *call, uint64_t offset) {
    for (uint32_t i = 0; i < call->pieces_count; i++) {
        struct ffis_piece *piece = &call->pieces[i];
        if (piece->nbytes == 0) {
            piece->offset = area->start; /* nobody looks there, and the pointer may be anything */
        } else if (ffis_staging_is_in_arena(area, piece)) {
            piece->offset = (uint64_t)((unsigned char *)piece->pointer - area->memory);
            piece->nbytes = 0; /* nothing to copy back */
        } else {
            piece->offset = offset;
            offset += ffis_padded(piece->nbytes);
            if (!piece->is_written) { memcpy(area->memory + piece->offset, piece->pointer, piece->nbytes); }
        }
        call->slots[piece->slot] = piece->offset;
    }
}

/* Copies back what the kernel wrote. */
FFIS_INLINE void ffis_copy_out(const struct ffis_staging *area, const struct ffis_piece *pieces, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (pieces[i].is_written && pieces[i].nbytes > 0) {
            memcpy(pieces[i].pointer, area->memory + pieces[i].offset, pieces[i].nbytes);
        }
    }
}

#endif
