"""Compiles kernels.c and its binding into the extension module `_kernels`.

This is cffi's out-of-line API mode: cffi writes _kernels.c, a C compiler builds it together with kernels.c.
It needs CPython's headers (Debian and Ubuntu: python3-dev).
"""

import os
import shlex
import sys
from pathlib import Path

from cffi import FFI

ffibuilder = FFI()

# What Python may call. The compiler sees these lines beside kernels.h: where they differ it converts or
# refuses, at build time. In ABI mode or ctypes a wrong type would be a wrong result or a crash, at run time.
ffibuilder.cdef("""
    uint32_t kernels_crc32(const uint8_t *data, size_t nbytes);
    void kernels_saxpy(float a, const float *x, float *y, size_t size);
""")
ffibuilder.set_source(
    "_kernels",
    '#include "kernels.h"',
    sources=["kernels.c"],
    extra_compile_args=["-O3", "-Werror=incompatible-pointer-types"],  # older compilers only warn
)

if __name__ == "__main__":
    # setuptools takes its compiler from CC. Zig's comes as a wheel, so no system compiler is needed; without
    # baseline it would use every instruction of this machine, and the module would crash on an older one.
    os.environ.setdefault("CC", shlex.join([sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"]))
    ffibuilder.compile(tmpdir=str(Path(__file__).parent))
