#include "device.cuh"

/* Nothing, with 0, 1, 4 and 16 arguments: what is left is the launch. */
FFIS_COUNTED(noop);

FFIS_KERNEL ffis_noop(void) { FFIS_ENTER(noop); }

FFIS_KERNEL ffis_noop1(uint64_t) { FFIS_ENTER(noop); }

FFIS_KERNEL ffis_noop4(uint64_t, uint64_t, uint64_t, uint64_t) { FFIS_ENTER(noop); }

FFIS_KERNEL ffis_noop16(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    FFIS_ENTER(noop);
}
