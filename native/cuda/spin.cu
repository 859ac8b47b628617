#include "device.cuh"

FFIS_COUNTED(spin);

/* One thread: the chain cannot be divided. */
FFIS_KERNEL ffis_spin(uint64_t seed, uint32_t steps, uint64_t *result) {
    FFIS_ENTER(spin);
    uint64_t x = seed;
    for (uint32_t i = 0; i < steps; i++) {
        x = spin_element(x);
    }
    *result = x;
}
