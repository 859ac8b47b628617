/* Calling a kernel by its number, with arguments from slots and buffers from one region of memory.
 *
 * harness/ffi_spectrum/toolchain/thunks.py generates the functions from the prototypes. A kernel's number is its place
 * in ffis.h. Each C parameter has a slot of 8 bytes, in order: a scalar lies in the low bytes in its own C type, a
 * pointer is the offset of its buffer from the region's base.
 */
#ifndef FFIS_THUNK_H
#define FFIS_THUNK_H

#include <stdint.h>

#include "ffis.h"
#include "frame.h"

enum { FFIS_MAX_SLOTS = 12 };

/* A kernel's number with this bit is that of its batch, ffis_batch_K: many calls over a structure of arrays. */
#define FFIS_BATCH UINT32_C(0x10000)

/* Calls the kernel directly if `times` is 1, else through ffis_repeat_K; a status of frame.h. A batch has no such loop,
 * and is called `times` times.
 *
 * Each slot is read once, so that slots in shared memory cannot change after they were checked. Nothing is called
 * unless every buffer lies in [base, base + nbytes), is aligned to its elements, and overlaps none that is written.
 * `*result`, in the result's own C type with zeros above (all 0 for void), is written only if the status is FFIS_OK.
 */
FFIS_API uint32_t ffis_thunk_call(uint32_t kernel, uint64_t times, const uint64_t *slots, unsigned char *base,
                                  uint64_t nbytes, uint64_t *result);

/* How often the kernel was entered, in the counting build; UINT64_MAX in others, and for an unknown kernel. */
FFIS_API uint64_t ffis_thunk_count(uint32_t kernel);

/* How many slots ffis_thunk_call reads: the kernel's parameters, at most FFIS_MAX_SLOTS; UINT32_MAX if unknown. */
FFIS_API uint32_t ffis_thunk_slots(uint32_t kernel);

/* Checks a command as ffis_thunk_call checks a call. What must not change from then on goes to `program`, which no
 * other process may reach: the kernel, where its buffers lie, and the lengths that say so; `*used` words of it, at most
 * FFIS_MAX_SLOTS + 1. A status. A batch cannot be recorded.
 */
FFIS_API uint32_t ffis_thunk_record(uint32_t kernel, const uint64_t *slots, unsigned char *base, uint64_t nbytes,
                                    uint64_t *program, uint32_t *used);

/* Runs `count` commands of `program`. The other scalars are read from the command's row, `stride` words behind the one
 * before: they stand there as in toolchain/batch_source.py, and the result is written behind them.
 */
FFIS_API void ffis_thunk_replay(const uint64_t *program, uint64_t *rows, uint64_t count, uint64_t stride);

/* How many kernels there are; as many numbers of batches may be of use. */
FFIS_API uint32_t ffis_thunk_kernels(void);

/* The SHA-256 (hexadecimal) of the libffis.so that this was built against. */
FFIS_API const char *ffis_thunk_library(void);

#endif
