"""A driver that is too old, sees no device, or does not start: a library with the real one's name."""

from __future__ import annotations

from pathlib import Path

from ffi_spectrum.device.probe import LIBRARY
from ffi_spectrum.toolchain.build import Toolchain

_SOURCE = """
#define FFIS_EXPORT __attribute__((visibility("default")))

FFIS_EXPORT int cuInit(unsigned flags) { return flags == 0 ? STARTS : 1; }

FFIS_EXPORT int cuDriverGetVersion(int *version) {
    *version = VERSION;
    return 0;
}

FFIS_EXPORT int cuDeviceGetCount(int *count) {
    *count = DEVICES;
    return 0;
}
"""


def build_fake(folder: Path, toolchain: Toolchain, starts: int = 0, version: int = 13000, devices: int = 1) -> Path:
    """Compile it with cuInit's CUresult, a CUDA version and a number of devices; returns what LD_LIBRARY_PATH needs."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "fake.c"
    source.write_text(_SOURCE)
    answers = [f"-DSTARTS={starts}", f"-DVERSION={version}", f"-DDEVICES={devices}"]
    flags = toolchain.compiler.flags(toolchain.target, "timed")
    command = [*flags, *answers, "-shared", f"-Wl,-soname,{LIBRARY}", str(source), "-o", str(folder / LIBRARY)]
    toolchain.compiler.run(command, toolchain.cache.zig)
    return folder
