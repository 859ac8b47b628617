#include <stddef.h>

#include "ffis.h"

/* One accumulator: the order of the sum is part of the contract, so the additions form one dependent chain. */
double ffis_dot(const double *x, const double *y, uint32_t size) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}
