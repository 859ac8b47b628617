/* The client's side of the ring, without Python: requests out, answers in, in order. */
#ifndef FFIS_RING_CLIENT_H
#define FFIS_RING_CLIENT_H

#include <poll.h>

#include "ring_payload.h"

/* What is kept of a request until its answer is collected: its staging room, and the buffers to copy back. */
struct ffis_outstanding {
    uint64_t staged_nbytes;
    uint64_t staged_end;
    int tag; /* the caller's own */
    uint32_t pieces_count;
    struct ffis_piece pieces[FFIS_RING_SLOTS];
};

struct ffis_client {
    struct ffis_ring *ring;
    struct ffis_staging staging;
    int pidfd;        /* of the worker; -1: it cannot end before us */
    uint32_t next;    /* the number of the next request */
    uint32_t count;   /* how many are outstanding: the ones before `next` */
    uint32_t spin_ns; /* how long to spin for an answer before sleeping */
    int worker_spins; /* whether the worker is known to spin without an end */
    uint64_t deadline_ns;
    struct ffis_outstanding outstanding[FFIS_RING_ENTRIES];
};

/* What a wait for an answer ends with. */
enum ffis_outcome { FFIS_ANSWERED, FFIS_SLICE_OVER, FFIS_WORKER_ENDED, FFIS_DEADLINE_OVER };

/* How often a spin looks after the worker and the deadline, and how long a wait may be deaf to signals. */
enum { FFIS_WATCH_NS = 50000, FFIS_SLICE_NS = 20000000 };

/* The staging area begins on a page of its own. */
#define FFIS_RING_NBYTES ((sizeof(struct ffis_ring) + 4095) / 4096 * 4096)

/* Lays out the ring in `nbytes` that are all zeros, before the worker looks; its first request is number `first`. */
FFIS_INLINE void ffis_client_start(struct ffis_client *client, void *memory, uint64_t nbytes, uint64_t staging_nbytes,
                                   uint32_t first) {
    const uint64_t start = FFIS_RING_NBYTES;
    memset(client, 0, sizeof *client);
    client->staging = (struct ffis_staging){memory, nbytes, start, start + staging_nbytes, start, start, 0, 0};
    client->ring = memory;
    client->pidfd = -1;
    client->next = client->ring->first = first;
    client->ring->layout = FFIS_RING_LAYOUT;
}

FFIS_INLINE void ffis_request_fill(struct ffis_request *request, const struct ffis_call *call) {
    request->kernel = call->kernel;
    request->op = call->op;
    request->times = call->times;
    for (uint32_t i = 0; i < call->slots_count; i++) { request->slots[i] = call->slots[i]; }
}

/* Publishes the call, whose payload needs `staged_nbytes`; 0 where the ring or the staging area is full until more
 * answers are collected.
 */
FFIS_INLINE int ffis_client_send(struct ffis_client *client, struct ffis_call *call, uint64_t staged_nbytes, int tag) {
    const uint32_t entry = client->next % FFIS_RING_ENTRIES;
    struct ffis_outstanding *kept = &client->outstanding[entry];
    struct ffis_request *request = &client->ring->requests[entry];
    if (client->count == FFIS_RING_ENTRIES) { return 0; }
    kept->tag = tag;
    kept->pieces_count = 0;
    kept->staged_nbytes = staged_nbytes;
    if (call->pieces_count > 0) {
        const uint64_t offset = ffis_staging_take(&client->staging, staged_nbytes);
        if (offset == UINT64_MAX) { return 0; }
        kept->staged_end = offset + staged_nbytes;
        ffis_copy_in(&client->staging, call, offset);
        for (uint32_t i = 0; i < call->pieces_count; i++) {
            if (call->pieces[i].is_written) { kept->pieces[kept->pieces_count++] = call->pieces[i]; }
        }
    }
    ffis_request_fill(request, call);
    client->count++;
    client->next++;
    if (client->worker_spins) {
        ffis_ring_publish_to_spinner(&request->seq, client->next);
    } else {
        ffis_ring_publish(&request->seq, client->next, &client->ring->request_bell, -1);
    }
    return 1;
}

FFIS_INLINE uint32_t ffis_client_oldest(const struct ffis_client *client) { return client->next - client->count; }

/* How much staging room the oldest request holds. */
FFIS_INLINE uint64_t ffis_client_oldest_staged(const struct ffis_client *client) {
    return client->outstanding[ffis_client_oldest(client) % FFIS_RING_ENTRIES].staged_nbytes;
}

/* Looks `turns` times whether the oldest request is answered, and not at the clock. */
FFIS_INLINE int ffis_client_is_answered(const struct ffis_client *client, unsigned turns) {
    const uint32_t oldest = ffis_client_oldest(client);
    return ffis_ring_spin(&client->ring->responses[oldest % FFIS_RING_ENTRIES].seq, oldest + 1, turns);
}

/* Changes how long to spin for an answer, before the next request. */
FFIS_INLINE void ffis_client_set_spin(struct ffis_client *client, uint32_t spin_ns) {
    client->spin_ns = spin_ns;
    atomic_store(&client->ring->client_spins, spin_ns == FFIS_RING_FOREVER);
}

/* Changes how long the worker spins for a request. Before it is known to spin, it must have answered once (a PING). */
FFIS_INLINE void ffis_client_set_worker_spin(struct ffis_client *client, uint32_t worker_spin_ns) {
    client->worker_spins = 0;
    atomic_store(&client->ring->worker_spin_ns, worker_spin_ns);
    ffis_bell_ring(&client->ring->request_bell, -1); /* a sleeping worker does not look at it */
}

FFIS_INLINE int ffis_client_worker_has_ended(const struct ffis_client *client) {
    struct pollfd ended = {.fd = client->pidfd, .events = POLLIN};
    return ffis_bell_is_closed(&client->ring->response_bell) || poll(&ended, 1, 0) > 0;
}

/* Waits for the oldest answer: spins for `spin_ns` after `start_ns`, when the waiting began, and then sleeps. It looks
 * after the worker and the deadline, and returns after a slice, so that the caller can look after signals. A worker
 * that was thought to spin may have fallen asleep (FFIS_PATIENCE_NS): it is woken.
 */
FFIS_INLINE enum ffis_outcome ffis_client_wait(struct ffis_client *client, uint64_t start_ns) {
    const uint32_t oldest = ffis_client_oldest(client);
    _Atomic uint32_t *seq = &client->ring->responses[oldest % FFIS_RING_ENTRIES].seq;
    uint64_t now_ns = ffis_ring_now_ns();
    const uint64_t begun_ns = now_ns;
    for (uint64_t watched_ns = now_ns;;) {
        const int spins = client->spin_ns == FFIS_RING_FOREVER || now_ns - start_ns < client->spin_ns;
        if (!spins) { ffis_ring_sleep(seq, oldest + 1, &client->ring->response_bell, -1, FFIS_SLICE_NS); }
        if (ffis_ring_spin(seq, oldest + 1, spins ? FFIS_RING_TURNS : 0)) { return FFIS_ANSWERED; }
        now_ns = ffis_ring_now_ns();
        if (spins && now_ns - watched_ns < FFIS_WATCH_NS) { continue; }
        watched_ns = now_ns;
        if (atomic_load(&client->ring->request_bell.waits)) { ffis_bell_ring(&client->ring->request_bell, -1); }
        if (ffis_client_worker_has_ended(client)) { /* the answer may have been its last deed */
            return ffis_ring_is_published(seq, oldest + 1) ? FFIS_ANSWERED : FFIS_WORKER_ENDED;
        }
        if (now_ns - start_ns >= client->deadline_ns) { return FFIS_DEADLINE_OVER; }
        if (!spins || now_ns - begun_ns >= FFIS_SLICE_NS) { return FFIS_SLICE_OVER; }
    }
}

/* Takes the oldest answer, which is there: copies its outputs back and gives its staging room free. A status. */
FFIS_INLINE uint32_t ffis_client_collect(struct ffis_client *client, uint64_t *result, int *tag) {
    const uint32_t entry = ffis_client_oldest(client) % FFIS_RING_ENTRIES;
    const struct ffis_outstanding *kept = &client->outstanding[entry];
    const uint32_t status = client->ring->responses[entry].status;
    *result = client->ring->responses[entry].result;
    *tag = kept->tag;
    if (status == FFIS_OK) { ffis_copy_out(&client->staging, kept->pieces, kept->pieces_count); }
    ffis_staging_give(&client->staging, kept->staged_nbytes, kept->staged_end);
    client->count--;
    return status;
}

/* The caller gives up its buffers: nothing is copied back for what is outstanding. It is waited for all the same. */
FFIS_INLINE void ffis_client_abandon(struct ffis_client *client) {
    for (uint32_t i = 0; i < FFIS_RING_ENTRIES; i++) { client->outstanding[i].pieces_count = 0; }
}

/* The client's half of an ECHO that has been sent: `times` stores, each answered by the worker. Where that falls silent
 * it returns early, and the wait for the answer finds out why.
 */
FFIS_INLINE void ffis_client_echo(struct ffis_client *client, uint64_t times) {
    struct ffis_ring *ring = client->ring;
    const uint64_t start_ns = ffis_ring_now_ns();
    for (uint64_t turn = 1; turn <= times; turn++) {
        atomic_store_explicit(&ring->ping, turn, memory_order_release);
        for (unsigned looks = 1; atomic_load_explicit(&ring->pong, memory_order_acquire) != turn; looks++) {
            if (looks % 1024 != 0) { continue; }
            if (ffis_client_is_answered(client, 0) || ffis_client_worker_has_ended(client)) { return; }
            if (ffis_ring_now_ns() - start_ns >= client->deadline_ns) { return; }
        }
    }
}

#endif
