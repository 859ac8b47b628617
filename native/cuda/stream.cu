#include "device.cuh"

/* What the harness itself runs on the device; one thread each. The words are pinned host memory: the host writes or
 * polls them while the kernel runs. */

/* Holds its stream until the host sets *word to go, or deadline_ns have passed: then *word becomes stop. */
FFIS_KERNEL ffis_hold(volatile uint64_t *word, uint64_t go, uint64_t stop, uint64_t deadline_ns) {
    const uint64_t begin = device_clock_ns();
    while (*word != go) {
        if (device_clock_ns() - begin > deadline_ns) {
            *word = stop;
            return;
        }
    }
}

/* Writes when it started to words[0], then the ticket to words[1]. */
FFIS_KERNEL ffis_stamp(volatile uint64_t *words, uint64_t ticket) {
    words[0] = device_clock_ns();
    __threadfence_system();
    words[1] = ticket;
}

/* Answers rounds of the host: when words[0] becomes i, the device's clock goes to words[1] and i to words[2]. */
FFIS_KERNEL ffis_pong(volatile uint64_t *words, uint64_t rounds, uint64_t deadline_ns) {
    const uint64_t begin = device_clock_ns();
    for (uint64_t i = 1; i <= rounds; i++) {
        while (words[0] != i) {
            if (device_clock_ns() - begin > deadline_ns) {
                return;
            }
        }
        words[1] = device_clock_ns();
        __threadfence_system();
        words[2] = i;
    }
}

/* Runs for duration_ns by the device's clock. */
FFIS_KERNEL ffis_delay(uint64_t duration_ns) {
    const uint64_t begin = device_clock_ns();
    while (device_clock_ns() - begin < duration_ns) {
    }
}

/* As ffis_delay, and how long that was, from its first to its last reading of the clock, goes to *own_ns. */
FFIS_KERNEL ffis_delay_own(uint64_t duration_ns, uint64_t *own_ns) {
    const uint64_t begin = device_clock_ns();
    uint64_t now = begin;
    while (now - begin < duration_ns) {
        now = device_clock_ns();
    }
    *own_ns = now - begin;
}

/* Programmatic dependent launch (PTX ISA, griddepcontrol): waits until the grid before has ended and its writes are
 * seen, and lets the next one be scheduled, before that wait where `early` is not 0, or else behind it. Does nothing in
 * a grid that was launched in the usual way. */
static __device__ __forceinline__ void depend(uint32_t early) {
#if __CUDA_ARCH__ >= 900
    if (early) {
        asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
    }
    asm volatile("griddepcontrol.wait;" ::: "memory");
    if (!early) {
        asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
    }
#endif
}

/* Runs for duration_ns; then the next free pair of words[1...] gets when it began and when it ended, words[0] counting
 * the pairs. What writing takes is within the span, except for the last store. */
static __device__ __forceinline__ void run_span(uint64_t duration_ns, uint64_t *words) {
    const uint64_t begin = device_clock_ns();
    const uint64_t pair = atomicAdd(words, 1ull);
    while (device_clock_ns() - begin < duration_ns) {
    }
    volatile uint64_t *const out = words + 1 + 2 * pair;
    out[0] = begin;
    out[1] = device_clock_ns();
}

FFIS_KERNEL ffis_span(uint64_t duration_ns, uint64_t *words) { run_span(duration_ns, words); }

FFIS_KERNEL ffis_span_dependent(uint64_t duration_ns, uint32_t early, uint64_t *words) {
    depend(early);
    run_span(duration_ns, words);
}

FFIS_KERNEL ffis_delay_dependent(uint64_t duration_ns, uint32_t early) {
    depend(early);
    const uint64_t begin = device_clock_ns();
    while (device_clock_ns() - begin < duration_ns) {
    }
}
