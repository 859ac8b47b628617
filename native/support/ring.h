/* The ring: requests and responses in memory that two processes share, and how either side publishes, waits and wakes.
 *
 * Request n (0, 1, ...) lies in entry n % 64, and so does its response. A side publishes it by storing n + 1, modulo
 * 2^32, as the entry's `seq`, after everything else in it. One client, one worker, one thread each.
 *
 * A side that sleeps has said so in the other's bell (`waits`), and looked at `seq` once more. The ringer stores `seq`
 * and then looks at `waits`. Both pairs are sequentially consistent, so that one of them sees the other's store: no
 * wake-up is lost (Dekker's argument). Bit 0 of the futex word is the dead mark, so that it cannot be missed either:
 * FUTEX_WAIT compares the word that it is in.
 *
 * The barrier in that makes a publisher wait for a cache line that it needs no more. Where the reader only ever spins,
 * both sides leave it out.
 */
#ifndef FFIS_RING_H
#define FFIS_RING_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

enum { FFIS_RING_ENTRIES = 64, FFIS_RING_SLOTS = 12, FFIS_RING_LAYOUT = 1 };

/* A spin of so many nanoseconds has no end (the worker's has one: see serve_ring.h). */
#define FFIS_RING_FOREVER UINT32_MAX

/* Looks at a line between two looks at the clock: about a microsecond with PAUSE in between. */
enum { FFIS_RING_TURNS = 16 };

struct ffis_request {
    _Alignas(128) _Atomic uint32_t seq;
    uint32_t kernel;
    uint32_t op;
    uint32_t reserved;
    uint64_t times;
    uint64_t slots[FFIS_RING_SLOTS]; /* five in the first cache line */
};

struct ffis_response {
    _Alignas(64) _Atomic uint32_t seq;
    uint32_t status;
    uint64_t result;
};

/* `count` is a futex word: bit 0 is the dead mark, and each ring adds 2. */
struct ffis_bell {
    _Alignas(128) _Atomic uint32_t count;
    _Atomic uint32_t waits;
};

/* 128 bytes apart, as processors fetch lines in pairs, and a neighbour must not steal a line that somebody polls. */
struct ffis_ring {
    _Alignas(128) uint32_t layout; /* FFIS_RING_LAYOUT; this and `first` are written before the worker starts */
    uint32_t first;                /* the number of the first request */
    struct ffis_bell request_bell; /* the worker sleeps on it */
    struct ffis_bell response_bell;
    _Alignas(128) _Atomic uint32_t worker_spin_ns; /* how long the worker spins before it sleeps; the client sets it, */
    _Atomic uint32_t client_spins;                 /* and this: whether it never sleeps itself */
    _Alignas(128) _Atomic uint64_t ping;           /* ECHO: the client writes it, */
    _Alignas(128) _Atomic uint64_t pong;           /* and the worker this */
    struct ffis_request requests[FFIS_RING_ENTRIES];
    struct ffis_response responses[FFIS_RING_ENTRIES];
};

_Static_assert(sizeof(struct ffis_request) == 128 && sizeof(struct ffis_response) == 64, "a line is 64 bytes");
_Static_assert(offsetof(struct ffis_request, slots) == 24, "five slots lie in the first line");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "a lock would be private to one process");

FFIS_INLINE uint64_t ffis_ring_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Between two looks at a line: tells the core that it spins. It also lets the other side have the line in peace. */
FFIS_INLINE void ffis_ring_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

FFIS_INLINE int ffis_ring_is_published(_Atomic uint32_t *seq, uint32_t value) {
    return atomic_load_explicit(seq, memory_order_acquire) == value;
}

/* Looks at `seq` at least once and `turns` times at most; whether it has become `value`. */
FFIS_INLINE int ffis_ring_spin(_Atomic uint32_t *seq, uint32_t value, unsigned turns) {
    while (!ffis_ring_is_published(seq, value)) {
        if (turns-- == 0) { return 0; }
        ffis_ring_relax();
    }
    return 1;
}

/* Not FUTEX_PRIVATE: the word is in memory of two processes. A timeout of 0 is none. */
FFIS_INLINE void ffis_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t timeout_ns) {
    const struct timespec timeout = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};
    syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ns ? &timeout : NULL, NULL, 0);
}

/* Wakes who sleeps, through the eventfd if there is one (-1: none). */
FFIS_INLINE void ffis_bell_wake(struct ffis_bell *bell, int eventfd) {
    const uint64_t one = 1;
    if (eventfd < 0) {
        syscall(SYS_futex, &bell->count, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    } else {
        while (write(eventfd, &one, sizeof one) < 0 && errno == EINTR) {}
    }
}

/* The order matters: a sleeper that sets `waits` meanwhile finds another `count` than it read before. */
FFIS_INLINE void ffis_bell_ring(struct ffis_bell *bell, int eventfd) {
    atomic_store_explicit(&bell->waits, 0, memory_order_relaxed);
    atomic_fetch_add(&bell->count, 2);
    ffis_bell_wake(bell, eventfd);
}

/* Marks the bell as dead: nothing more will be published to who sleeps on it. */
FFIS_INLINE void ffis_bell_close(struct ffis_bell *bell, int eventfd) {
    atomic_fetch_or(&bell->count, 1);
    ffis_bell_wake(bell, eventfd);
}

FFIS_INLINE int ffis_bell_is_closed(struct ffis_bell *bell) {
    return (int)(atomic_load_explicit(&bell->count, memory_order_acquire) & 1);
}

/* Rings for who sleeps. The store is one exchange on x86: a full barrier before the look at `waits`. */
FFIS_INLINE void ffis_ring_publish(_Atomic uint32_t *seq, uint32_t value, struct ffis_bell *bell, int eventfd) {
    atomic_store(seq, value);
    if (atomic_load(&bell->waits)) { ffis_bell_ring(bell, eventfd); }
}

/* The same for a reader that spins. */
FFIS_INLINE void ffis_ring_publish_to_spinner(_Atomic uint32_t *seq, uint32_t value) {
    atomic_store_explicit(seq, value, memory_order_release);
}

/* Sleeps until the bell rings, for `timeout_ns` at most (0, and always with an eventfd: without a limit), unless `seq`
 * has become `value` already. It may also wake early, so the caller looks at `seq` again.
 */
FFIS_INLINE void ffis_ring_sleep(_Atomic uint32_t *seq, uint32_t value, struct ffis_bell *bell, int eventfd,
                                 uint64_t timeout_ns) {
    const uint32_t count = atomic_load(&bell->count);
    uint64_t rings;
    atomic_store(&bell->waits, 1);
    if (atomic_load(seq) != value && !(count & 1)) {
        if (eventfd < 0) {
            ffis_futex_wait(&bell->count, count, timeout_ns);
        } else if (read(eventfd, &rings, sizeof rings) < 0) {
            /* interrupted: the caller looks again */
        }
    }
    atomic_store_explicit(&bell->waits, 0, memory_order_relaxed);
}

#endif
