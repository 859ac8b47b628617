#include "ffis.h"

/* Sums of one to eight scalars: but for an addition each the same work, so that what differs is what an argument costs.
 * Signed overflow is undefined in C, unsigned wraps; converting back is modular in every compiler used here. */
int64_t ffis_args1(int64_t a) { return a; }

int64_t ffis_args2(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

int64_t ffis_args3(int64_t a, int64_t b, int64_t c) { return (int64_t)((uint64_t)a + (uint64_t)b + (uint64_t)c); }

int64_t ffis_args4(int64_t a, int64_t b, int64_t c, int64_t d) {
    return (int64_t)((uint64_t)a + (uint64_t)b + (uint64_t)c + (uint64_t)d);
}

int64_t ffis_args5(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e) {
    return (int64_t)((uint64_t)a + (uint64_t)b + (uint64_t)c + (uint64_t)d + (uint64_t)e);
}

int64_t ffis_args6(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
    return (int64_t)((uint64_t)a + (uint64_t)b + (uint64_t)c + (uint64_t)d + (uint64_t)e + (uint64_t)f);
}

int64_t ffis_args7(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g) {
    return (int64_t)((uint64_t)a + (uint64_t)b + (uint64_t)c + (uint64_t)d + (uint64_t)e + (uint64_t)f + (uint64_t)g);
}

int64_t ffis_args8(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h) {
    return (int64_t)((uint64_t)a + (uint64_t)b + (uint64_t)c + (uint64_t)d + (uint64_t)e + (uint64_t)f + (uint64_t)g +
                     (uint64_t)h);
}
