/* A ring whose client and worker are two threads of one program, with kernels of its own. */
#ifndef FFIS_RING_PAIR_H
#define FFIS_RING_PAIR_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "check.h"
#include "ring_client.h"
#include "serve_ring.h"

#ifndef HANG_S
#define HANG_S 60
#endif

enum { STAGING_NBYTES = 8192, ARENA_NBYTES = 4096 };

/* Kernel 0: out[i] = in[i] + 1 for slots in, out, nbytes; the sum of in, `times` times over. Kernel 1: slot 0 + 1. */
uint32_t ffis_thunk_call(uint32_t kernel, uint64_t times, const uint64_t *slots, unsigned char *base, uint64_t nbytes,
                         uint64_t *result) {
    if (kernel == 1) {
        *result = slots[0] + 1;
        return FFIS_OK;
    }
    if (kernel != 0) { return FFIS_UNKNOWN_KERNEL; }
    const uint64_t in = slots[0], out = slots[1], count = slots[2];
    if (in > nbytes || count > nbytes - in || out > nbytes || count > nbytes - out) { return FFIS_OUT_OF_BOUNDS; }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += base[in + i];
        base[out + i] = (unsigned char)(base[in + i] + 1);
    }
    *result = sum * times;
    return FFIS_OK;
}

uint64_t ffis_thunk_count(uint32_t kernel) { return kernel + 41; }

uint32_t ffis_thunk_kernels(void) { return 2; }

uint32_t ffis_thunk_slots(uint32_t kernel) { return kernel == 0 ? 3 : 1; }

/* Only kernel 1 can be recorded; it has nothing to keep private. */
uint32_t ffis_thunk_record(uint32_t kernel, const uint64_t *slots, unsigned char *base, uint64_t nbytes,
                           uint64_t *program, uint32_t *used) {
    (void)slots, (void)base, (void)nbytes;
    if (kernel != 1) { return FFIS_OUT_OF_BOUNDS; }
    program[0] = kernel;
    *used = 1;
    return FFIS_OK;
}

void ffis_thunk_replay(const uint64_t *program, uint64_t *rows, uint64_t count, uint64_t stride) {
    for (uint64_t i = 0; i < count; i++, rows += stride) { rows[2] = rows[1] + program[i]; }
}

/* One ring, its client, and the worker's thread. */
struct pair {
    struct ffis_client client;
    uint64_t nbytes;
    int eventfds[2];
    pthread_t worker;
    int served;
};

static void *work(void *argument) {
    struct pair *pair = argument;
    pair->served = ffis_serve_ring(pair->client.ring, pair->nbytes, pair->eventfds[0], pair->eventfds[1]);
    return NULL;
}

static void pair_open(struct pair *pair, uint32_t first, int with_eventfds) {
    alarm(HANG_S);
    pair->nbytes = FFIS_RING_NBYTES + STAGING_NBYTES + ARENA_NBYTES;
    void *memory = mmap(NULL, pair->nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) { abort(); }
    ffis_client_start(&pair->client, memory, pair->nbytes, STAGING_NBYTES, first);
    pair->client.deadline_ns = (uint64_t)HANG_S * 2000000000u;
    for (int i = 0; i < 2; i++) { pair->eventfds[i] = with_eventfds ? eventfd(0, 0) : -1; }
}

static void pair_start(struct pair *pair) {
    if (pthread_create(&pair->worker, NULL, work, pair) != 0) { abort(); }
}

static void pair_unmap(struct pair *pair) {
    for (int i = 0; i < 2; i++) {
        if (pair->eventfds[i] >= 0) { close(pair->eventfds[i]); }
    }
    munmap(pair->client.ring, pair->nbytes);
}

static void pair_close(struct pair *pair) {
    ffis_bell_close(&pair->client.ring->request_bell, pair->eventfds[0]);
    pthread_join(pair->worker, NULL);
    CHECK(pair->served == 1, "the worker did not find the ring");
    CHECK(ffis_client_worker_has_ended(&pair->client), "nobody said that the worker has ended");
    pair_unmap(pair);
}

/* Waits without a timeout, as ffis_client_wait never does; the program ends where nothing happens for HANG_S. */
static void await_oldest(struct pair *pair, int spins) {
    const uint32_t oldest = ffis_client_oldest(&pair->client);
    if (oldest % 128 == 0) { alarm(HANG_S); }
    _Atomic uint32_t *seq = &pair->client.ring->responses[oldest % FFIS_RING_ENTRIES].seq;
    while (!ffis_ring_spin(seq, oldest + 1, spins ? 1000 : 0)) {
        if (!spins) { ffis_ring_sleep(seq, oldest + 1, &pair->client.ring->response_bell, pair->eventfds[1], 0); }
    }
}

static inline void publish_plain(struct pair *pair, uint32_t kernel, uint64_t value) {
    struct ffis_client *client = &pair->client;
    struct ffis_request *request = &client->ring->requests[client->next % FFIS_RING_ENTRIES];
    request->op = FFIS_OP_CALL;
    request->kernel = kernel;
    request->times = 1;
    request->slots[0] = value;
    client->outstanding[client->next % FFIS_RING_ENTRIES].pieces_count = 0;
    client->outstanding[client->next % FFIS_RING_ENTRIES].staged_nbytes = 0;
    client->count++;
    ffis_ring_publish(&request->seq, ++client->next, &client->ring->request_bell, pair->eventfds[0]);
}

#endif
