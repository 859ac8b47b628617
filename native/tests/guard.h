/* Buffers between two inaccessible pages: one byte read or written too far is a fault, not luck. */
#ifndef FFIS_GUARD_H
#define FFIS_GUARD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where a buffer touches the inaccessible page. Pages being larger than buffers, it can touch on one side only. */
enum guard_side { GUARD_AFTER, GUARD_BEFORE };

struct guard {
    uint8_t *mapping; /* guard page, usable bytes, guard page */
    size_t usable;
    size_t nbytes;
    uint8_t *data; /* the buffer; of no bytes, it points at an inaccessible page */
};

enum { GUARD_CANARY = 0xA5 };

static inline size_t guard_page_nbytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static inline struct guard guard_open(size_t nbytes, enum guard_side side) {
    const size_t page = guard_page_nbytes();
    const size_t usable = (nbytes + page - 1) / page * page;
    void *mapping = mmap(NULL, usable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        perror("guard_open: mmap");
        exit(2);
    }
    uint8_t *first = (uint8_t *)mapping + page;
    if (usable > 0 && mprotect(first, usable, PROT_READ | PROT_WRITE) != 0) {
        perror("guard_open: mprotect");
        exit(2);
    }
    memset(first, GUARD_CANARY, usable);
    uint8_t *data = side == GUARD_AFTER ? first + (usable - nbytes) : first;
    return (struct guard){.mapping = mapping, .usable = usable, .nbytes = nbytes, .data = data};
}

/* Unmaps the buffer; returns whether the usable bytes around it still hold what they held at first. */
static inline int guard_close(struct guard guard) {
    const size_t page = guard_page_nbytes();
    const uint8_t *first = guard.mapping + page;
    int intact = 1;
    for (const uint8_t *byte = first; byte < first + guard.usable; byte++) {
        const int inside = byte >= guard.data && byte < guard.data + guard.nbytes;
        intact &= inside || *byte == GUARD_CANARY;
    }
    if (munmap(guard.mapping, guard.usable + 2 * page) != 0) {
        perror("guard_close: munmap");
        exit(2);
    }
    return intact;
}

#endif
