"""Building the C launcher; it needs neither CUDA's headers nor a driver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

NAME = "libffis_launch.so"


def launcher_library(toolchain: Toolchain) -> Artifact:
    """`native/support/launch.c` as a shared library; raises BuildError and Unavailable, as every build does."""
    source = sources.support_source("launch.c")
    compiler, target = toolchain.compiler, toolchain.target
    flags = (*compiler.flags(target, toolchain.build), "-D_GNU_SOURCE")

    def make(folder: Path) -> dict[str, Any]:
        compiler.run([*flags, str(source), "-o", str(folder / NAME)], toolchain.cache.zig)
        return {}

    return toolchain._artifact(NAME, compiler, target, [source], flags, make, [])
