#include "ffis.h"

/* Each step needs the one before: shift, exclusive or and multiply take 1 + 1 + 3 cycles on current x86-64 cores, and
 * no compiler knows a closed form. Zero is a fixed point. The multiplier is the first of SplitMix64's finaliser
 * (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). */
uint64_t ffis_spin(uint64_t seed, uint32_t steps) {
    uint64_t x = seed;
    for (uint32_t i = 0; i < steps; i++) {
        x = (x ^ (x >> 29)) * UINT64_C(0xBF58476D1CE4E5B9);
    }
    return x;
}
