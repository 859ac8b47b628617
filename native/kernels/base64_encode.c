#include <stddef.h>

#include "ffis.h"

/* RFC 4648, table 1, and its pad character. */
static const uint8_t alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
    'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
    's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
};

static const uint8_t pad = '=';

/* The last one or two bytes, as four characters with padding. */
static void encode_tail(const uint8_t *restrict data, size_t nbytes, uint8_t *restrict out) {
    const uint32_t second = nbytes == 2 ? data[1] : 0;
    const uint32_t bits = (uint32_t)data[0] << 16 | second << 8;
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = nbytes == 2 ? alphabet[bits >> 6 & 63] : pad;
    out[3] = pad;
}

uint32_t ffis_base64_encode(const uint8_t *restrict data, uint32_t nbytes, uint8_t *restrict out) {
    const size_t groups = nbytes / 3;
    const size_t rest = nbytes % 3;
    for (size_t i = 0; i < groups; i++) {
        const uint32_t bits =
            (uint32_t)data[3 * i] << 16 | (uint32_t)data[3 * i + 1] << 8 | (uint32_t)data[3 * i + 2];
        out[4 * i] = alphabet[bits >> 18];
        out[4 * i + 1] = alphabet[bits >> 12 & 63];
        out[4 * i + 2] = alphabet[bits >> 6 & 63];
        out[4 * i + 3] = alphabet[bits & 63];
    }
    if (rest == 0) {
        return (uint32_t)(4 * groups);
    }
    encode_tail(data + 3 * groups, rest, out + 4 * groups);
    return (uint32_t)(4 * (groups + 1));
}
