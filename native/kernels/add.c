#include "ffis.h"

/* Signed overflow is undefined in C, unsigned wraps; converting back is modular in every compiler used here. */
int64_t ffis_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
