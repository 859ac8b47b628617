#include "device.cuh"

FFIS_COUNTED(saxpy);

FFIS_KERNEL ffis_saxpy(float a, const float *x, const float *y, float *out, uint32_t size) {
    FFIS_ENTER(saxpy);
    const uint32_t i = flat_index();
    if (i < size) {
        out[i] = saxpy_element(a, x[i], y[i]);
    }
}
