#include <stddef.h>

#include "element.h"
#include "ffis.h"

void ffis_saxpy(float a, const float *restrict x, const float *restrict y, float *restrict out, uint32_t size) {
    for (size_t i = 0; i < size; i++) {
        out[i] = saxpy_element(a, x[i], y[i]);
    }
}
