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
