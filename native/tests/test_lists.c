/* Recorded lists in the worker of a ring, whose client and worker are two threads. */
#include "ring_pair.h"

/* Sends a request about a list and takes its answer; `words` are its first three slots. */
static uint32_t ask(struct pair *pair, uint32_t op, uint32_t kernel, uint64_t times, const uint64_t words[3],
                    uint64_t *result) {
    struct ffis_call call = {.op = op, .kernel = kernel, .times = times, .slots_count = 3};
    int tag;
    for (int i = 0; i < 3; i++) { call.slots[i] = words[i]; }
    ffis_client_send(&pair->client, &call, 0, 0);
    await_oldest(pair, 1);
    return ffis_client_collect(&pair->client, result, &tag);
}

/* Lists come and go, the last of them with the worker; a list's rows are read and written where they are. */
static void test_lists(void) {
    struct pair pair;
    const uint64_t start = FFIS_RING_NBYTES, nothing[3] = {0, 0, 0}, words[3] = {start, 2, 3};
    uint64_t id, result;
    pair_open(&pair, 0, 0);
    pair_start(&pair);
    uint64_t *rows = (uint64_t *)(void *)((unsigned char *)pair.client.ring + start);
    rows[0] = rows[3] = 1;
    for (int i = 0; i < 5; i++) { /* far more than there are places */
        uint64_t ids[FFIS_MAX_LISTS];
        for (int j = 0; j < FFIS_MAX_LISTS; j++) {
            CHECK(ask(&pair, FFIS_OP_RECORD, 0, 1, words, &ids[j]) == FFIS_OK, "list %d of %d", j, i);
        }
        CHECK(ask(&pair, FFIS_OP_RECORD, 0, 1, words, &id) == FFIS_TOO_LARGE, "a list too many");
        rows[1] = 40, rows[4] = 50;
        CHECK(ask(&pair, FFIS_OP_REPLAY, (uint32_t)ids[7], 2, nothing, &result) == FFIS_OK, "a replay");
        CHECK(rows[2] == 41 && rows[5] == 51, "%d and %d", (int)rows[2], (int)rows[5]);
        for (int j = 0; i < 4 && j < FFIS_MAX_LISTS; j++) {
            CHECK(ask(&pair, FFIS_OP_FORGET, (uint32_t)ids[j], 1, nothing, &result) == FFIS_OK, "list %d", j);
            CHECK(ask(&pair, FFIS_OP_REPLAY, (uint32_t)ids[j], 1, nothing, &result) == FFIS_UNKNOWN_LIST, "gone");
        }
    }
    pair_close(&pair);
}

/* What a list may not be, to the word: nothing is recorded, and the worker goes on. */
static void test_list_refusals(void) {
    struct pair pair;
    uint64_t result;
    uint32_t recorded = 0;
    pair_open(&pair, 0, 0);
    pair_start(&pair);
    const uint64_t start = FFIS_RING_NBYTES, end = pair.nbytes;
    uint64_t *rows = (uint64_t *)(void *)((unsigned char *)pair.client.ring + start);
    const struct {
        uint64_t words[3], kernel;
        uint32_t status;
    } cases[] = {
        {{start, 1, 3}, 1, FFIS_OK}, {{end - 24, 1, 3}, 1, FFIS_UNKNOWN_KERNEL},
        {{end - 16, 1, 3}, 1, FFIS_OUT_OF_BOUNDS},
        {{start + 4, 1, 3}, 1, FFIS_OUT_OF_BOUNDS}, {{UINT64_MAX - 7, 1, 3}, 1, FFIS_OUT_OF_BOUNDS},
        {{start, 0, 3}, 1, FFIS_BAD_FRAME}, {{start, 1, 1}, 1, FFIS_BAD_FRAME}, {{start, 1, 2}, 1, FFIS_BAD_FRAME},
        {{start, 1, FFIS_MAX_SLOTS + 2}, 1, FFIS_OK}, {{start, 1, FFIS_MAX_SLOTS + 3}, 1, FFIS_BAD_FRAME},
        {{start, 1, UINT64_MAX}, 1, FFIS_BAD_FRAME}, {{start, FFIS_MAX_COMMANDS, 2}, 1, FFIS_OUT_OF_BOUNDS},
        {{start, FFIS_MAX_COMMANDS + 1, 2}, 1, FFIS_TOO_LARGE}, {{start, UINT64_MAX, 2}, 1, FFIS_TOO_LARGE},
        {{start, 1, 3}, 2, FFIS_UNKNOWN_KERNEL}, {{start, 1, 3}, UINT64_MAX, FFIS_UNKNOWN_KERNEL},
        {{start, 1, 5}, 0, FFIS_OUT_OF_BOUNDS}, {{start, 1, 3}, UINT64_C(1) << 32 | 1, FFIS_UNKNOWN_KERNEL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(rows, 0xFF, STAGING_NBYTES + ARENA_NBYTES);
        rows[0] = cases[i].kernel;
        const uint32_t status = ask(&pair, FFIS_OP_RECORD, 0, 1, cases[i].words, &result);
        CHECK(status == cases[i].status, "case %d: status %u", (int)i, status);
        recorded += status == FFIS_OK;
    }
    const uint64_t nothing[3] = {0, 0, 0};
    for (uint32_t id = 0; id < 1000; id++) {
        recorded -= ask(&pair, FFIS_OP_FORGET, id, 1, nothing, &result) == FFIS_OK;
    }
    CHECK(recorded == 0, "%u lists are not as many as were recorded", recorded);
    pair_close(&pair);
}

int main(void) {
    test_lists();
    test_list_refusals();
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
