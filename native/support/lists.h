/* Recorded lists of calls: checked once, and then run by one request each time.
 *
 * A list is rows of words in memory that the client shares (toolchain/batch_source.py): the kernel's number, a word for
 * each parameter, and one for the result. A pointer's word is an offset from the region's base. Whatever decides which
 * memory is touched is checked and copied when the list is recorded, so that the client cannot change it later; scalars
 * and results stay in the rows, where the client writes and reads them between two replays.
 */
#ifndef FFIS_LISTS_H
#define FFIS_LISTS_H

#include <stdint.h>
#include <stdlib.h>

#include "thunk.h"

/* Lists that one client may have, commands that each may have, and words of all their programs together. */
enum { FFIS_MAX_LISTS = 64, FFIS_MAX_COMMANDS = 1 << 20 };
#define FFIS_MAX_PROGRAM_WORDS (FFIS_LIMIT_NBYTES / sizeof(uint64_t))

/* A list as the client describes it: where its rows lie, how many, and how many words apart. */
struct ffis_rows {
    uint64_t offset;
    uint64_t count;
    uint64_t stride;
};

struct ffis_list {
    uint64_t *program; /* NULL: a place without a list */
    uint64_t program_words;
    uint64_t *rows;
    uint64_t count;
    uint64_t stride;
    uint32_t id;
};

/* All zeros: no list. */
struct ffis_lists {
    struct ffis_list places[FFIS_MAX_LISTS];
    uint64_t program_words;
    uint32_t next_id;
};

FFIS_INLINE uint32_t ffis_rows_status(const struct ffis_rows *rows, const unsigned char *base, uint64_t nbytes) {
    if (base == NULL) { return FFIS_UNSUPPORTED; }
    if (rows->count > FFIS_MAX_COMMANDS) { return FFIS_TOO_LARGE; }
    if (rows->count == 0 || rows->stride < 2 || rows->stride > FFIS_MAX_SLOTS + 2) { return FFIS_BAD_FRAME; }
    const uint64_t rows_nbytes = rows->count * rows->stride * sizeof(uint64_t);
    const int is_aligned = rows->offset % sizeof(uint64_t) == 0;
    return is_aligned && rows->offset <= nbytes && rows_nbytes <= nbytes - rows->offset ? FFIS_OK : FFIS_OUT_OF_BOUNDS;
}

/* Checks every row and fills the list's program, which has room for the longest; a status. */
FFIS_INLINE uint32_t ffis_list_fill(struct ffis_list *list, unsigned char *base, uint64_t nbytes) {
    list->program_words = 0;
    for (uint64_t i = 0; i < list->count; i++) {
        const uint64_t *row = list->rows + i * list->stride;
        const uint64_t kernel = *(const volatile uint64_t *)row;
        uint32_t used = 0;
        if (kernel >= ffis_thunk_kernels()) { return FFIS_UNKNOWN_KERNEL; }
        if (ffis_thunk_slots((uint32_t)kernel) + UINT64_C(2) > list->stride) { return FFIS_BAD_FRAME; }
        const uint32_t status = ffis_thunk_record((uint32_t)kernel, row + 1, base, nbytes,
                                                  list->program + list->program_words, &used);
        if (status != FFIS_OK) { return status; }
        list->program_words += used;
    }
    return FFIS_OK;
}

/* The place for another list, with its id; NULL where there is none. No id is given twice in 2^32 lists. */
FFIS_INLINE struct ffis_list *ffis_lists_place(struct ffis_lists *lists) {
    for (uint32_t i = 0; i < FFIS_MAX_LISTS; i++) {
        const uint32_t id = lists->next_id++;
        struct ffis_list *place = &lists->places[id % FFIS_MAX_LISTS];
        if (place->program == NULL) {
            place->id = id;
            return place;
        }
    }
    return NULL;
}

/* Records rows in [base, base + nbytes); `*id` is for replays. A status; FFIS_TOO_LARGE for one list too many. */
FFIS_INLINE uint32_t ffis_lists_record(struct ffis_lists *lists, const struct ffis_rows *rows, unsigned char *base,
                                       uint64_t nbytes, uint64_t *id) {
    uint32_t status = ffis_rows_status(rows, base, nbytes);
    struct ffis_list *place = status == FFIS_OK ? ffis_lists_place(lists) : NULL;
    if (place == NULL) { return status != FFIS_OK ? status : FFIS_TOO_LARGE; }
    struct ffis_list list = {.count = rows->count, .stride = rows->stride, .id = place->id};
    list.rows = (uint64_t *)(void *)(base + rows->offset);
    list.program = malloc(rows->count * (FFIS_MAX_SLOTS + 1) * sizeof(uint64_t)); /* pages are taken as they are used */
    if (list.program == NULL) { return FFIS_TOO_LARGE; }
    status = ffis_list_fill(&list, base, nbytes);
    if (status == FFIS_OK && lists->program_words + list.program_words > FFIS_MAX_PROGRAM_WORDS) {
        status = FFIS_TOO_LARGE;
    }
    uint64_t *kept = status == FFIS_OK ? realloc(list.program, list.program_words * sizeof(uint64_t)) : NULL;
    if (kept == NULL) {
        free(list.program);
        return status != FFIS_OK ? status : FFIS_TOO_LARGE;
    }
    list.program = kept;
    lists->program_words += list.program_words;
    *place = list;
    *id = list.id;
    return FFIS_OK;
}

FFIS_INLINE struct ffis_list *ffis_lists_find(struct ffis_lists *lists, uint32_t id) {
    struct ffis_list *place = &lists->places[id % FFIS_MAX_LISTS];
    return place->program != NULL && place->id == id ? place : NULL;
}

/* Runs the list `times` times; a status. */
FFIS_INLINE uint32_t ffis_lists_replay(struct ffis_lists *lists, uint32_t id, uint64_t times) {
    const struct ffis_list *list = ffis_lists_find(lists, id);
    if (list == NULL) { return FFIS_UNKNOWN_LIST; }
    for (uint64_t i = 0; i < times; i++) { ffis_thunk_replay(list->program, list->rows, list->count, list->stride); }
    return FFIS_OK;
}

/* Gives the list's place free; a status. */
FFIS_INLINE uint32_t ffis_lists_forget(struct ffis_lists *lists, uint32_t id) {
    struct ffis_list *list = ffis_lists_find(lists, id);
    if (list == NULL) { return FFIS_UNKNOWN_LIST; }
    lists->program_words -= list->program_words;
    free(list->program);
    *list = (struct ffis_list){.program = NULL};
    return FFIS_OK;
}

FFIS_INLINE void ffis_lists_clear(struct ffis_lists *lists) {
    for (uint32_t i = 0; i < FFIS_MAX_LISTS; i++) { free(lists->places[i].program); }
    *lists = (struct ffis_lists){.next_id = lists->next_id};
}

#endif
