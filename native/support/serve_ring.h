/* The worker's side of the ring: takes requests in order, spins or sleeps in between. */
#ifndef FFIS_SERVE_RING_H
#define FFIS_SERVE_RING_H

#include "fault.h"
#include "lists.h"
#include "ring.h"
#include "thunk.h"

_Static_assert((int)FFIS_RING_SLOTS >= (int)FFIS_MAX_SLOTS, "every kernel's arguments fit in an entry");

/* A worker that is to spin without an end sleeps after so long without a request all the same: its client may have been
 * torn out of what it did. An ECHO that waits so long for the client's next store gives up.
 */
#define FFIS_PATIENCE_NS UINT64_C(1000000000)

/* What the worker knows about the ring; nothing of it is read again from memory that the client can write. */
struct ffis_server {
    struct ffis_ring *ring;
    unsigned char *memory;
    uint64_t nbytes;
    int request_eventfd;
    int response_eventfd;
    uint32_t next; /* the number of the next request */
    struct ffis_lists lists;
};

/* Waits for request `next`; 0 where the client has closed the bell. How long to spin may change while it spins. */
FFIS_INLINE int ffis_server_wait(struct ffis_server *server) {
    struct ffis_ring *ring = server->ring;
    _Atomic uint32_t *seq = &ring->requests[server->next % FFIS_RING_ENTRIES].seq;
    const uint32_t value = server->next + 1;
    uint64_t start_ns = 0;
    while (!ffis_ring_is_published(seq, value)) {
        const uint32_t spin_ns = atomic_load_explicit(&ring->worker_spin_ns, memory_order_relaxed);
        if (spin_ns != 0 && ffis_ring_spin(seq, value, FFIS_RING_TURNS)) { return 1; }
        if (ffis_bell_is_closed(&ring->request_bell)) { return 0; }
        const uint64_t now_ns = spin_ns != 0 ? ffis_ring_now_ns() : 0;
        start_ns = start_ns != 0 ? start_ns : now_ns;
        if (now_ns - start_ns >= (spin_ns == FFIS_RING_FOREVER ? FFIS_PATIENCE_NS : spin_ns)) {
            ffis_ring_sleep(seq, value, &ring->request_bell, server->request_eventfd, 0);
            start_ns = 0;
        }
    }
    return 1;
}

/* Answers the stores 1, 2, ... `times` of `ping` in `pong`, as fast as can be: what two transfers of a line take. */
FFIS_INLINE uint32_t ffis_server_echo(struct ffis_ring *ring, uint64_t times) {
    for (uint64_t turn = 1; turn <= times; turn++) {
        uint64_t start_ns = 0;
        for (unsigned looks = 1; atomic_load_explicit(&ring->ping, memory_order_acquire) != turn; looks++) {
            if (looks % 1024 != 0) { continue; }
            const uint64_t now_ns = ffis_ring_now_ns();
            start_ns = start_ns != 0 ? start_ns : now_ns;
            if (now_ns - start_ns > FFIS_PATIENCE_NS) { return FFIS_BAD_FRAME; }
        }
        atomic_store_explicit(&ring->pong, turn, memory_order_release);
    }
    return FFIS_OK;
}

/* Obeys one request, each of whose words is read once, as the client could change it meanwhile; a status. `kernel` is a
 * list's id where the request is about a list. */
FFIS_INLINE uint32_t ffis_server_obey(struct ffis_server *server, const volatile struct ffis_request *request,
                                      uint32_t op, uint64_t *result) {
    const uint32_t kernel = request->kernel;
    const uint64_t times = request->times;
    switch (op) {
    case FFIS_OP_CALL:
        return ffis_thunk_call(kernel, times, (const uint64_t *)request->slots, server->memory, server->nbytes, result);
    case FFIS_OP_COUNT:
        *result = ffis_thunk_count(kernel);
        return FFIS_OK;
    case FFIS_OP_PING:
    case FFIS_OP_CLOSE:
        return FFIS_OK;
    case FFIS_OP_FAULT:
        return ffis_fault(times, request->slots[0]);
    case FFIS_OP_ECHO:
        return ffis_server_echo(server->ring, times);
    case FFIS_OP_RECORD: {
        const struct ffis_rows rows = {request->slots[0], request->slots[1], request->slots[2]};
        return ffis_lists_record(&server->lists, &rows, server->memory, server->nbytes, result);
    }
    case FFIS_OP_REPLAY:
        return ffis_lists_replay(&server->lists, kernel, times);
    case FFIS_OP_FORGET:
        return ffis_lists_forget(&server->lists, kernel);
    default:
        return FFIS_BAD_OP;
    }
}

/* Serves until a CLOSE, or until the client has closed the request bell, and then closes the response bell: 1.
 * 0 where `memory`, of `nbytes`, has no ring of this layout. The worker sleeps in read(2) of an eventfd where there is
 * one, else on a futex, and wakes the client the same way (-1: no eventfd).
 */
FFIS_INLINE int ffis_serve_ring(void *memory, uint64_t nbytes, int request_eventfd, int response_eventfd) {
    struct ffis_ring *ring = memory;
    struct ffis_server server = {ring, memory, nbytes, request_eventfd, response_eventfd, 0, {.next_id = 0}};
    if (memory == NULL || nbytes < sizeof *ring || ring->layout != FFIS_RING_LAYOUT) { return 0; }
    server.next = ring->first;
    uint32_t op = 0;
    while (op != FFIS_OP_CLOSE && ffis_server_wait(&server)) {
        const uint32_t entry = server.next++ % FFIS_RING_ENTRIES;
        const volatile struct ffis_request *request = &ring->requests[entry];
        struct ffis_response *response = &ring->responses[entry];
        uint64_t result = 0;
        op = request->op;
        response->status = ffis_server_obey(&server, request, op, &result);
        response->result = result;
        if (atomic_load_explicit(&ring->client_spins, memory_order_relaxed)) {
            ffis_ring_publish_to_spinner(&response->seq, server.next);
        } else if (response_eventfd >= 0) {
            /* its client has no fence, so it cannot say in time that it sleeps: it is always rung */
            ffis_ring_publish_to_spinner(&response->seq, server.next);
            ffis_bell_ring(&ring->response_bell, response_eventfd);
        } else {
            ffis_ring_publish(&response->seq, server.next, &ring->response_bell, response_eventfd);
        }
    }
    ffis_lists_clear(&server.lists);
    ffis_bell_close(&ring->response_bell, response_eventfd);
    return 1;
}

#endif
