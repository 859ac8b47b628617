"""A program of its own with the kernels in it, to run a build where no Python of that kind is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain


def probe_program(toolchain: Toolchain) -> Artifact:
    """native/support/probe.c and the kernels for the toolchain's target, static for musl.

    It prints what kernels return, floats as their bits. Raises BuildError and Unavailable.
    """
    compiler, target = toolchain.compiler, toolchain.target
    files = [*sources.kernel_sources(), sources.support_source("probe.c")]
    flags = tuple(flag for flag in compiler.flags(target, toolchain.build) if flag != "-shared")
    flags += ("-static",) if target.triple.endswith("musl") else ()
    include = sources.header().parent

    def make(folder: Path) -> dict[str, Any]:
        inputs = [f"-I{include}", *map(str, files)]
        compiler.run([*flags, *inputs, "-o", str(folder / "ffis_probe")], toolchain.cache.zig)
        return {}

    watched = [*files, *sorted(include.glob("*.h")), *sorted((sources.source_root() / "native/kernels").glob("*.h"))]
    return toolchain._artifact("ffis_probe", compiler, target, watched, flags, make, [])
