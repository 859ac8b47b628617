"""A library that makes one kernel misbehave on demand in every worker, whatever it is written in.

The workers call the kernels across a library's border, so that a preloaded `ffis_add` stands before the real one.
"""

from __future__ import annotations

from pathlib import Path

from ffi_spectrum.toolchain.build import Toolchain

CRASH, SLEEP, EXIT = 1, 2, 3
SILENT = "FFIS_TEST_SILENT"
_SOURCE = """
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* a = 1: dereference NULL; 2: sleep b nanoseconds first; 3: exit(3); else the sum. */
__attribute__((visibility("default"))) int64_t ffis_add(int64_t a, int64_t b) {
    int *volatile nowhere = NULL;
    struct timespec left = {.tv_sec = (time_t)(b / 1000000000), .tv_nsec = (long)(b % 1000000000)};
    if (a == 1) { *nowhere = 0; }
    if (a == 2) { while (nanosleep(&left, &left) != 0) {} }
    if (a == 3) { _exit(3); }
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

__attribute__((constructor)) static void stay_silent(void) {
    if (getenv("FFIS_TEST_SILENT") != NULL) { for (;;) { pause(); } }
}
"""


def build_interposer(folder: Path, toolchain: Toolchain) -> Path:
    """Compile it, and return the path for LD_PRELOAD."""
    source, library = folder / "interposer.c", folder / "libinterposer.so"
    source.write_text(_SOURCE)
    flags = [flag for flag in toolchain.compiler.flags(toolchain.target, "timed") if flag != "-std=c11"]
    toolchain.compiler.run([*flags, "-shared", str(source), "-o", str(library)], toolchain.cache.zig)
    return library
