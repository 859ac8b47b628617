/* What a FAULT does, in workers that are built for tests (-DFFIS_FAULTS); others refuse it. */
#ifndef FFIS_FAULT_H
#define FFIS_FAULT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

enum ffis_fault_kind { FFIS_FAULT_CRASH = 1, FFIS_FAULT_SLEEP, FFIS_FAULT_EXIT };
enum { FFIS_FAULT_EXIT_CODE = 3 };

#ifdef FFIS_FAULTS

/* `kind` is the request's `times`; a status, if this returns at all. */
FFIS_INLINE uint32_t ffis_fault(uint64_t kind, uint64_t sleep_ns) {
    struct timespec left = {.tv_sec = (time_t)(sleep_ns / 1000000000u), .tv_nsec = (long)(sleep_ns % 1000000000u)};
    int *volatile nowhere = NULL;
    switch (kind) {
    case FFIS_FAULT_CRASH:
        *nowhere = 0;
        return FFIS_OK;
    case FFIS_FAULT_SLEEP:
        while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
        return FFIS_OK;
    case FFIS_FAULT_EXIT:
        _exit(FFIS_FAULT_EXIT_CODE);
    default:
        return FFIS_UNSUPPORTED;
    }
}

#else

FFIS_INLINE uint32_t ffis_fault(uint64_t kind, uint64_t sleep_ns) {
    (void)kind, (void)sleep_ns;
    return FFIS_UNSUPPORTED;
}

#endif
#endif
