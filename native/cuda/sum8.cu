#include "device.cuh"

FFIS_COUNTED(sum8);

/* One thread. */
FFIS_KERNEL ffis_sum8(double a, double b, double c, double d, double e, double f, double g, double h, double *result) {
    FFIS_ENTER(sum8);
    *result = a + b + c + d + e + f + g + h;
}
