#include "device.cuh"

FFIS_COUNTED(relu);

FFIS_KERNEL ffis_relu(const float *x, float *out, uint32_t size) {
    FFIS_ENTER(relu);
    const uint32_t i = flat_index();
    if (i < size) {
        out[i] = relu_element(x[i]);
    }
}
