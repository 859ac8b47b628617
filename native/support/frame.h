/* The frame: one request or answer on a byte stream, a header and the bytes that follow it.
 *
 * Both ends of every socket use it; the Python side has the same numbers in harness/ffi_spectrum/remote/frame.py.
 */
#ifndef FFIS_FRAME_H
#define FFIS_FRAME_H

#include <stdint.h>

#define FFIS_INLINE static inline __attribute__((unused))

#define FFIS_MAGIC UINT32_C(0x53494646) /* "FFIS", as it lies in memory */
#define FFIS_LIMIT_NBYTES (UINT64_C(64) << 20)

enum { FFIS_VERSION = 1, FFIS_ALIGNMENT = 64, FFIS_NONCE_NBYTES = 16, FFIS_SHA256_NBYTES = 64 };

/* ECHO exists on the ring only. RECORD, REPLAY and FORGET are about lists of calls: see lists.h. */
enum ffis_op {
    FFIS_OP_HELLO = 1,
    FFIS_OP_CALL,
    FFIS_OP_COUNT,
    FFIS_OP_PING,
    FFIS_OP_CLOSE,
    FFIS_OP_FAULT,
    FFIS_OP_CALL_SHARED,
    FFIS_OP_ECHO,
    FFIS_OP_RECORD,
    FFIS_OP_REPLAY,
    FFIS_OP_FORGET,
};

enum ffis_status {
    FFIS_OK,
    FFIS_BAD_FRAME,
    FFIS_UNKNOWN_KERNEL,
    FFIS_OUT_OF_BOUNDS, /* or misaligned, or a written buffer overlaps another */
    FFIS_TOO_LARGE,
    FFIS_BAD_OP,
    FFIS_UNSUPPORTED,
    FFIS_UNKNOWN_LIST,
};

/* `nbytes` follow this header; a CALL's region needs room for `region_nbytes`. */
struct ffis_header {
    uint32_t magic;
    uint16_t version;
    uint16_t op;
    uint32_t kernel;
    uint32_t status;
    uint64_t id;
    uint64_t times;
    uint64_t nbytes;
    uint64_t region_nbytes;
};

struct ffis_hello_answer {
    uint8_t nonce[FFIS_NONCE_NBYTES];
    char library[FFIS_SHA256_NBYTES]; /* hexadecimal, without a zero at its end */
    uint32_t pid;
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the frame is the memory of a little-endian machine");
_Static_assert(sizeof(struct ffis_header) == 48, "the header has no padding");
_Static_assert(sizeof(struct ffis_hello_answer) == 84, "neither has the answer to HELLO");

/* What a frame other than CALL may carry. */
enum { FFIS_SMALL_NBYTES = 1024 };

/* FFIS_OK, or why nothing after this header can be trusted: the stream is to be closed. */
FFIS_INLINE uint32_t ffis_header_status(const struct ffis_header *header) {
    if (header->magic != FFIS_MAGIC || header->version != FFIS_VERSION) { return FFIS_BAD_FRAME; }
    const int needs_region = header->op != FFIS_OP_FAULT; /* which has nanoseconds there */
    if (header->nbytes > FFIS_LIMIT_NBYTES || (needs_region && header->region_nbytes > FFIS_LIMIT_NBYTES)) {
        return FFIS_TOO_LARGE;
    }
    const uint64_t most = header->op == FFIS_OP_CALL ? header->region_nbytes : FFIS_SMALL_NBYTES;
    return header->nbytes <= most ? FFIS_OK : FFIS_BAD_FRAME;
}

FFIS_INLINE uint64_t ffis_padded(uint64_t nbytes) {
    return (nbytes + FFIS_ALIGNMENT - 1) / FFIS_ALIGNMENT * FFIS_ALIGNMENT;
}

/* The bytes from the first to the last of `count` buffers of `own` bytes each, `step` elements of `width` bytes apart;
 * UINT64_MAX where they are out of all bounds. */
FFIS_INLINE uint64_t ffis_batched(uint64_t count, uint64_t step, uint64_t width, uint64_t own) {
    uint64_t nbytes;
    if (count == 0) { return 0; }
    const int wraps = __builtin_mul_overflow(count - 1, step, &nbytes) ||
                      __builtin_mul_overflow(nbytes, width, &nbytes) || __builtin_add_overflow(nbytes, own, &nbytes);
    return wraps ? UINT64_MAX : nbytes;
}

#endif
