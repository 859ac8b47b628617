#include "element.h"
#include "ffis.h"

/* Each step needs the one before: they take 1 + 1 + 3 cycles on current x86-64 cores, and no compiler knows a closed
 * form. */
uint64_t ffis_spin(uint64_t seed, uint32_t steps) {
    uint64_t x = seed;
    for (uint32_t i = 0; i < steps; i++) {
        x = spin_element(x);
    }
    return x;
}
