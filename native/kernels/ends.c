#include "ffis.h"

/* Two bytes are looked at, however many there are: what grows with nbytes is the crossing. The bit above them keeps the
 * result out of CPython's cached small integers, so that making it costs the same at every size. */
uint32_t ffis_ends(const uint8_t *data, uint32_t nbytes) {
    return 0x10000u + (nbytes == 0 ? 0 : (uint32_t)data[0] + ((uint32_t)data[nbytes - 1] << 8));
}
