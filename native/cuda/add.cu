#include "device.cuh"

FFIS_COUNTED(add);

/* One thread. */
FFIS_KERNEL ffis_add(int64_t a, int64_t b, int64_t *result) {
    FFIS_ENTER(add);
    *result = add_element(a, b);
}
