#include <stddef.h>

#include "element.h"
#include "ffis.h"

void ffis_relu(const float *restrict x, float *restrict out, uint32_t size) {
    for (size_t i = 0; i < size; i++) {
        out[i] = relu_element(x[i]);
    }
}
