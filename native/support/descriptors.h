/* What a worker may hold: the descriptors that its arguments name, and memory that nobody can take away. */
#ifndef FFIS_DESCRIPTORS_H
#define FFIS_DESCRIPTORS_H

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"

#ifndef F_GET_SEALS /* linux/fcntl.h; absent from older C libraries */
#define F_GET_SEALS 1034
#define F_SEAL_SHRINK 0x0002
#endif
#ifndef SYS_close_range
#define SYS_close_range 436 /* the same on every architecture */
#endif

FFIS_INLINE int ffis_is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

/* Closes `first` to `last`: in one call from Linux 5.9 on, else one by one. */
FFIS_INLINE void ffis_close_range(unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0u) == 0) { return; }
    const long most = sysconf(_SC_OPEN_MAX);
    for (unsigned fd = first; fd <= last && (most < 0 || fd < (unsigned long)most) && fd < INT_MAX; fd++) {
        close((int)fd);
    }
}

/* Closes every descriptor but 0, 1, 2 and the `kept` ones; a negative one stands for none. */
FFIS_INLINE void ffis_close_others(const int *kept, size_t count) {
    unsigned first = STDERR_FILENO + 1;
    for (;;) {
        unsigned next = UINT_MAX;
        for (size_t i = 0; i < count; i++) {
            if (kept[i] >= 0 && (unsigned)kept[i] >= first && (unsigned)kept[i] < next) { next = (unsigned)kept[i]; }
        }
        if (next == UINT_MAX) { break; }
        if (next > first) { ffis_close_range(first, next - 1); }
        first = next + 1;
    }
    ffis_close_range(first, UINT_MAX);
}

/* NULL, or why `nbytes` of the file must not be mapped: what is cut off a mapped file is a SIGBUS. */
FFIS_INLINE const char *ffis_why_unsafe(int fd, uint64_t nbytes) {
    struct stat status;
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || fstat(fd, &status) != 0) { return "not a file that can be sealed"; }
    if ((seals & F_SEAL_SHRINK) == 0) { return "not sealed against shrinking"; }
    return nbytes > 0 && (uint64_t)status.st_size >= nbytes ? NULL : "smaller than stated";
}

#endif
