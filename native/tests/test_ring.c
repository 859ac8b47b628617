/* The ring with client and worker as two threads, so that ThreadSanitizer sees both sides.
 *
 * A wake-up that got lost would hang a test for ever: waits have no timeout here, and SIGALRM ends the program.
 */
#include "ring_pair.h"

#ifndef PINGS
#define PINGS 100000
#endif

enum { CALLS = 4000 };

/* `worker_spin_ns` and who spins decide which wake-ups there are. */
static void test_ping_pong(uint32_t worker_spin_ns, int spins, int with_eventfds) {
    struct pair pair;
    uint64_t result;
    int tag;
    pair_open(&pair, 0, with_eventfds);
    atomic_store(&pair.client.ring->worker_spin_ns, worker_spin_ns);
    pair_start(&pair);
    unsigned wrong = 0;
    for (uint64_t i = 0; i < PINGS; i++) {
        publish_plain(&pair, 1, i);
        await_oldest(&pair, spins);
        wrong += ffis_client_collect(&pair.client, &result, &tag) != FFIS_OK || result != i + 1;
    }
    CHECK(wrong == 0, "%u answers", wrong);
    pair_close(&pair);
}

/* Neither side looks for sleepers; but the worker falls asleep after a while, and is woken by who waits. */
static void test_spinners(void) {
    struct pair pair;
    struct ffis_call call = {.op = FFIS_OP_CALL, .kernel = 1, .times = 1, .slots_count = 1};
    uint64_t result;
    int tag;
    pair_open(&pair, 0, 0);
    pair_start(&pair);
    ffis_client_set_spin(&pair.client, FFIS_RING_FOREVER);
    ffis_client_set_worker_spin(&pair.client, FFIS_RING_FOREVER);
    for (uint64_t i = 0; i < PINGS / 10; i++) {
        call.slots[0] = i;
        ffis_client_send(&pair.client, &call, 0, 0);
        while (ffis_client_wait(&pair.client, ffis_ring_now_ns()) == FFIS_SLICE_OVER) {}
        CHECK(ffis_client_collect(&pair.client, &result, &tag) == FFIS_OK && result == i + 1, "call %d", (int)i);
        pair.client.worker_spins = 1; /* it has answered */
        if (i % (PINGS / 20) == 0) { usleep((useconds_t)(FFIS_PATIENCE_NS / 1000 + 200000)); }
    }
    pair_close(&pair);
}

/* Spins whose length changes all the time: sleep, a short spin, for ever. */
static void test_changing_spin(void) {
    static const uint32_t spins_ns[] = {0, 1000, FFIS_RING_FOREVER, 20000};
    struct pair pair;
    uint64_t result;
    int tag;
    pair_open(&pair, 0, 0);
    pair_start(&pair);
    for (uint64_t i = 0; i < PINGS / 10; i++) {
        atomic_store(&pair.client.ring->worker_spin_ns, spins_ns[i % 4]);
        if (i % 3 == 0) { ffis_bell_ring(&pair.client.ring->request_bell, -1); }
        publish_plain(&pair, 1, i);
        await_oldest(&pair, i % 2 == 0);
        CHECK(ffis_client_collect(&pair.client, &result, &tag) == FFIS_OK && result == i + 1, "call %d", (int)i);
    }
    pair_close(&pair);
}

/* A call of kernel 0 whose input and output are what the caller keeps until it is collected. */
struct job {
    unsigned char in[3000], out[3000];
    uint64_t nbytes, sum;
};

static void job_prepare(struct job *job, struct ffis_call *call) {
    job->nbytes = (uint64_t)(rand() % (int)sizeof job->in);
    job->sum = 0;
    for (uint64_t i = 0; i < job->nbytes; i++) {
        job->in[i] = (unsigned char)rand();
        job->out[i] = 0;
        job->sum += job->in[i];
    }
    *call = (struct ffis_call){.op = FFIS_OP_CALL, .times = 1, .slots_count = 3, .pieces_count = 2};
    call->slots[2] = job->nbytes;
    call->pieces[0] = (struct ffis_piece){job->in, job->nbytes, 0, 0, 0};
    call->pieces[1] = (struct ffis_piece){job->out, job->nbytes, 0, 1, 1};
}

static void collect_job(struct pair *pair, struct job *jobs) {
    uint64_t result;
    int tag;
    if (ffis_client_oldest(&pair->client) % 128 == 0) { alarm(HANG_S); }
    while (ffis_client_wait(&pair->client, ffis_ring_now_ns()) == FFIS_SLICE_OVER) {}
    const uint32_t status = ffis_client_collect(&pair->client, &result, &tag);
    const struct job *job = &jobs[tag];
    CHECK(status == FFIS_OK && result == job->sum, "status %u", status);
    unsigned wrong = 0;
    for (uint64_t i = 0; i < job->nbytes; i++) { wrong += job->out[i] != (unsigned char)(job->in[i] + 1); }
    CHECK(wrong == 0, "%u bytes", wrong);
}

/* Pipelined calls with payload of random length in a staging area that wraps, over the end of the numbers. */
static void test_window(uint32_t window, uint32_t spin_ns) {
    static struct job jobs[FFIS_RING_ENTRIES + 1];
    struct pair pair;
    struct ffis_call call;
    uint32_t most = 0;
    int wrapped = 0;
    pair_open(&pair, UINT32_MAX - CALLS / 2, 0);
    pair.client.spin_ns = spin_ns;
    atomic_store(&pair.client.ring->worker_spin_ns, spin_ns);
    pair_start(&pair);
    for (int i = 0; i < CALLS; i++) {
        const int tag = i % (FFIS_RING_ENTRIES + 1);
        if (pair.client.count == window) { collect_job(&pair, jobs); }
        job_prepare(&jobs[tag], &call);
        const uint64_t need = ffis_staging_need(&pair.client.staging, &call);
        while (!ffis_client_send(&pair.client, &call, need, tag)) { collect_job(&pair, jobs); }
        wrapped |= pair.client.staging.is_wrapped;
        most = pair.client.count > most ? pair.client.count : most;
    }
    while (pair.client.count > 0) { collect_job(&pair, jobs); }
    CHECK(window == 1 ? most == 1 && !wrapped : most > 1 && wrapped, "%u outstanding", most);
    CHECK(pair.client.next < CALLS, "the numbers did not wrap");
    pair_close(&pair);
}

static void test_capacity(void) {
    struct pair pair;
    struct ffis_call call = {.op = FFIS_OP_COUNT, .kernel = 1};
    uint64_t result;
    int tag;
    pair_open(&pair, UINT32_MAX - 100, 0);
    for (int i = 0; i < FFIS_RING_ENTRIES; i++) { CHECK(ffis_client_send(&pair.client, &call, 0, i), "request %d", i); }
    CHECK(!ffis_client_send(&pair.client, &call, 0, 0), "one request too many");
    pair_start(&pair);
    for (int i = 0; i < FFIS_RING_ENTRIES; i++) {
        await_oldest(&pair, 0);
        CHECK(ffis_client_collect(&pair.client, &result, &tag) == FFIS_OK && tag == i && result == 42, "answer %d", i);
    }
    pair_close(&pair);
}

static uint32_t ask(struct pair *pair, struct ffis_call call) {
    uint64_t result;
    int tag;
    ffis_client_send(&pair->client, &call, 0, 0);
    if (call.op == FFIS_OP_ECHO) { ffis_client_echo(&pair->client, call.times); }
    await_oldest(pair, 0);
    return ffis_client_collect(&pair->client, &result, &tag);
}

static void test_refusals(void) {
    struct pair pair;
    pair_open(&pair, 0, 0);
    pair_start(&pair);
    struct ffis_call outside = {.op = FFIS_OP_CALL, .slots_count = 3, .slots = {pair.nbytes, 0, 1}};
    CHECK(ask(&pair, outside) == FFIS_OUT_OF_BOUNDS, "a buffer behind the end");
    CHECK(ask(&pair, (struct ffis_call){.op = FFIS_OP_CALL, .kernel = 2}) == FFIS_UNKNOWN_KERNEL, "no such kernel");
    CHECK(ask(&pair, (struct ffis_call){.op = 99}) == FFIS_BAD_OP, "no such op");
    CHECK(ask(&pair, (struct ffis_call){.op = FFIS_OP_FAULT, .times = 3}) == FFIS_UNSUPPORTED, "a fault");
    CHECK(ask(&pair, (struct ffis_call){.op = FFIS_OP_ECHO, .times = 1000}) == FFIS_OK, "echo");
    atomic_store(&pair.client.ring->ping, 0); /* nobody stores 1: the worker gives up */
    ffis_client_send(&pair.client, &(struct ffis_call){.op = FFIS_OP_ECHO, .times = 1}, 0, 0);
    await_oldest(&pair, 0);
    CHECK(pair.client.ring->responses[5].status == FFIS_BAD_FRAME, "an echo without a client");
    pair_close(&pair);
}

static void test_deadline_and_layout(void) {
    struct pair pair;
    pair_open(&pair, 0, 0);
    pair.client.deadline_ns = 1000000;
    publish_plain(&pair, 1, 0);
    const uint64_t start_ns = ffis_ring_now_ns();
    CHECK(ffis_client_wait(&pair.client, start_ns) == FFIS_DEADLINE_OVER, "nobody answers a sleeper");
    pair.client.spin_ns = FFIS_RING_FOREVER;
    CHECK(ffis_client_wait(&pair.client, start_ns) == FFIS_DEADLINE_OVER, "nobody answers who spins");
    pair.client.ring->layout++;
    CHECK(ffis_serve_ring(pair.client.ring, pair.nbytes, -1, -1) == 0, "another layout");
    CHECK(ffis_serve_ring(pair.client.ring, 4096, -1, -1) == 0, "too small");
    CHECK(ffis_serve_ring(NULL, pair.nbytes, -1, -1) == 0, "nothing");
    pair_unmap(&pair);
}

int main(void) {
    srand(1);
    test_ping_pong(0, 0, 0);
    test_ping_pong(0, 0, 1);
    test_ping_pong(2000, 0, 0);
    test_spinners();
    test_changing_spin();
    for (uint32_t window = 1; window <= FFIS_RING_ENTRIES; window *= 8) {
        test_window(window, 0);
        test_window(window, 20000);
    }
    test_capacity();
    test_refusals();
    test_deadline_and_layout();
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
