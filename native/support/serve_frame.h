/* Answering frames, one after the other, on one connection. */
#ifndef FFIS_SERVE_FRAME_H
#define FFIS_SERVE_FRAME_H

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"
#include "frame.h"
#include "lists.h"
#include "stream.h"
#include "thunk.h"

/* Memory that kernels may be given: [base, base + nbytes). */
struct ffis_region {
    unsigned char *base;
    uint64_t nbytes;
};

struct ffis_connection {
    struct ffis_stream stream;
    struct ffis_region own;           /* grows with the largest call; no call allocates twice */
    const struct ffis_region *shared; /* for CALL_SHARED and RECORD; without a base where the worker was given none */
    struct ffis_lists lists;
};

struct ffis_call_answer {
    struct ffis_header header;
    uint64_t result;
    uint64_t padding[FFIS_ALIGNMENT / 8 - 1];
};

_Static_assert(sizeof(struct ffis_call_answer) == 48 + FFIS_ALIGNMENT, "the outputs follow, aligned as in the region");

/* Room for `nbytes`, whose content is not kept; 0 where there is no memory. Doubles, so that it seldom grows. */
FFIS_INLINE int ffis_region_grow(struct ffis_region *region, uint64_t nbytes) {
    if (nbytes <= region->nbytes) { return 1; }
    uint64_t wanted = region->nbytes ? region->nbytes : 65536;
    while (wanted < nbytes) { wanted *= 2; }
    void *memory = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) { return 0; }
    if (region->base != NULL) { munmap(region->base, region->nbytes); }
    *region = (struct ffis_region){.base = memory, .nbytes = wanted};
    return 1;
}

FFIS_INLINE struct ffis_header ffis_answer_header(const struct ffis_header *request, uint32_t status, uint64_t nbytes) {
    struct ffis_header header = *request;
    header.status = status;
    header.nbytes = nbytes;
    header.region_nbytes = 0;
    return header;
}

FFIS_INLINE int ffis_answer(struct ffis_stream *stream, const struct ffis_header *request, uint32_t status,
                            const void *body, size_t nbytes) {
    const struct ffis_header header = ffis_answer_header(request, status, nbytes);
    return ffis_stream_write(stream, &header, sizeof header, body, nbytes);
}

/* An error frame that names no request, as nothing that came can be trusted; always 0, for the stream must end. */
FFIS_INLINE int ffis_refuse(struct ffis_stream *stream, uint32_t status) {
    const struct ffis_header nothing = {.magic = FFIS_MAGIC, .version = FFIS_VERSION};
    if (ffis_answer(stream, &nothing, status, NULL, 0)) { ffis_stream_flush(stream); }
    return 0;
}

FFIS_INLINE int ffis_answer_hello(struct ffis_stream *stream, const struct ffis_header *request, const void *nonce) {
    if (request->nbytes != FFIS_NONCE_NBYTES) { return ffis_refuse(stream, FFIS_BAD_FRAME); }
    struct ffis_hello_answer answer = {.pid = (uint32_t)getpid()};
    memcpy(answer.nonce, nonce, sizeof answer.nonce);
    memcpy(answer.library, ffis_thunk_library(), sizeof answer.library);
    return ffis_answer(stream, request, FFIS_OK, &answer, sizeof answer);
}

/* Calls with the slots at `slots`, of which the frame brought `request->nbytes`; answers with `outputs` behind the
 * result. */
FFIS_INLINE int ffis_answer_call(struct ffis_stream *stream, const struct ffis_header *request, const uint64_t *slots,
                                 struct ffis_region region, struct ffis_region outputs) {
    struct ffis_call_answer answer = {.result = 0};
    const uint32_t count = ffis_thunk_slots(request->kernel);
    if (count == UINT32_MAX) { return ffis_answer(stream, request, FFIS_UNKNOWN_KERNEL, NULL, 0); }
    if (request->nbytes < count * sizeof(uint64_t)) { return ffis_refuse(stream, FFIS_BAD_FRAME); }
    const uint32_t status =
        ffis_thunk_call(request->kernel, request->times, slots, region.base, region.nbytes, &answer.result);
    if (status != FFIS_OK) { return ffis_answer(stream, request, status, NULL, 0); }
    answer.header = ffis_answer_header(request, status, FFIS_ALIGNMENT + outputs.nbytes);
    return ffis_stream_write(stream, &answer, sizeof answer, outputs.base, outputs.nbytes);
}

/* The body is the region's start: slots and inputs, straight into aligned memory. The outputs are the rest. */
FFIS_INLINE int ffis_serve_call(struct ffis_connection *connection, const struct ffis_header *request) {
    struct ffis_stream *stream = &connection->stream;
    const uint64_t start = ffis_padded(request->nbytes);
    const uint64_t outputs_nbytes = start < request->region_nbytes ? request->region_nbytes - start : 0;
    /* the answer keeps to the limit, too */
    const int is_allowed = outputs_nbytes <= FFIS_LIMIT_NBYTES - FFIS_ALIGNMENT;
    if (!is_allowed || !ffis_region_grow(&connection->own, request->region_nbytes)) {
        return ffis_refuse(stream, FFIS_TOO_LARGE);
    }
    unsigned char *base = connection->own.base;
    if (!ffis_stream_read(stream, base, request->nbytes)) { return 0; }
    const struct ffis_region region = {base, request->region_nbytes};
    const struct ffis_region outputs = {outputs_nbytes > 0 ? base + start : NULL, outputs_nbytes};
    return ffis_answer_call(stream, request, (const uint64_t *)(const void *)base, region, outputs);
}

/* RECORD, whose body is the rows' place and whose result is the list's id; REPLAY and FORGET, which have that id in the
 * place of the kernel. */
FFIS_INLINE int ffis_serve_list(struct ffis_connection *connection, const struct ffis_header *request,
                                const uint64_t *body) {
    struct ffis_stream *stream = &connection->stream;
    uint64_t id[FFIS_ALIGNMENT / sizeof(uint64_t)] = {0};
    if (request->op != FFIS_OP_RECORD) {
        const uint32_t status = request->op == FFIS_OP_REPLAY
                                    ? ffis_lists_replay(&connection->lists, request->kernel, request->times)
                                    : ffis_lists_forget(&connection->lists, request->kernel);
        return ffis_answer(stream, request, status, NULL, 0);
    }
    struct ffis_rows rows;
    if (request->nbytes != sizeof rows) { return ffis_refuse(stream, FFIS_BAD_FRAME); }
    memcpy(&rows, body, sizeof rows);
    const struct ffis_region *shared = connection->shared;
    const uint32_t status = ffis_lists_record(&connection->lists, &rows, shared->base, shared->nbytes, id);
    return ffis_answer(stream, request, status, id, status == FFIS_OK ? sizeof id : 0);
}

/* One frame other than CALL, whose body is small. */
FFIS_INLINE int ffis_serve_small(struct ffis_connection *connection, const struct ffis_header *request) {
    struct ffis_stream *stream = &connection->stream;
    uint64_t body[FFIS_SMALL_NBYTES / sizeof(uint64_t)];
    uint64_t count[FFIS_ALIGNMENT / sizeof(uint64_t)] = {0};
    if (!ffis_stream_read(stream, body, request->nbytes)) { return 0; }
    switch (request->op) {
    case FFIS_OP_HELLO:
        return ffis_answer_hello(stream, request, body);
    case FFIS_OP_COUNT:
        if (request->kernel >= ffis_thunk_kernels()) {
            return ffis_answer(stream, request, FFIS_UNKNOWN_KERNEL, NULL, 0);
        }
        count[0] = ffis_thunk_count(request->kernel);
        return ffis_answer(stream, request, FFIS_OK, count, sizeof count);
    case FFIS_OP_PING:
        return ffis_answer(stream, request, FFIS_OK, NULL, 0);
    case FFIS_OP_CLOSE:
        ffis_stream_flush(stream);
        return 0;
    case FFIS_OP_FAULT:
        return ffis_answer(stream, request, ffis_fault(request->times, request->region_nbytes), NULL, 0);
    case FFIS_OP_CALL_SHARED:
        if (connection->shared->base == NULL) { return ffis_answer(stream, request, FFIS_UNSUPPORTED, NULL, 0); }
        return ffis_answer_call(stream, request, body, *connection->shared, (struct ffis_region){NULL, 0});
    case FFIS_OP_RECORD:
    case FFIS_OP_REPLAY:
    case FFIS_OP_FORGET:
        return ffis_serve_list(connection, request, body);
    default:
        return ffis_answer(stream, request, FFIS_BAD_OP, NULL, 0);
    }
}

/* Reads and answers one frame; 0 where the connection is to be closed. */
FFIS_INLINE int ffis_serve_frame(struct ffis_connection *connection) {
    struct ffis_header request;
    if (!ffis_stream_read(&connection->stream, &request, sizeof request)) { return 0; }
    const uint32_t status = ffis_header_status(&request);
    if (status != FFIS_OK) { return ffis_refuse(&connection->stream, status); }
    return request.op == FFIS_OP_CALL ? ffis_serve_call(connection, &request) : ffis_serve_small(connection, &request);
}

#endif
