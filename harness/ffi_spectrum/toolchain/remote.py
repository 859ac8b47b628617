"""Building what runs in another process: the thunks as a library, and the worker that is a program of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cext_source import Shapes
from ffi_spectrum.toolchain.thunks import thunks_source


def thunk_library(toolchain: Toolchain, shapes: Shapes) -> Artifact:
    """The thunks as `libffis_thunks.so`, linked against the native library of the same toolchain.

    `shapes` has the dimensions of every buffer of every kernel (kernels.shapes). Raises BuildError and Unavailable, as
    every build does.
    """
    return _build(toolchain, shapes, "libffis_thunks.so", (), ("-shared",))


def worker_program(toolchain: Toolchain, shapes: Shapes, *, faults: bool = False) -> Artifact:
    """The worker as `ffis_worker`, linked against the native library of the same toolchain.

    With `faults` it crashes, hangs or exits when a FAULT tells it to: for tests only.
    """
    defines = ("-DFFIS_FAULTS",) if faults else ()
    return _build(toolchain, shapes, "ffis_worker", ("worker.c",), ("-D_GNU_SOURCE", "-pie", "-pthread", *defines))


def _build(toolchain: Toolchain, shapes: Shapes, name: str, more: Sequence[str], kind: tuple[str, ...]) -> Artifact:
    library = toolchain.native_library()
    compiler, target = toolchain.compiler, toolchain.target
    source = thunks_source(
        toolchain.kernels(target), shapes, library.facts["sha256"], counting=toolchain.build == "counting"
    )
    files = [sources.support_source(file) for file in more]
    include, support = sources.header().parent, sources.support_source("thunk.h").parent
    flags = tuple(flag for flag in compiler.flags(target, toolchain.build) if flag != "-shared") + kind
    # not -Wl,-rpath,DIR: that splits a folder's name at each comma
    link = (str(library.path), "-Xlinker", "-rpath", "-Xlinker", str(library.path.parent))

    def make(folder: Path) -> dict[str, Any]:
        (folder / "thunks.c").write_text(source)
        inputs = [f"-I{include}", f"-I{support}", str(folder / "thunks.c"), *map(str, files)]
        compiler.run([*flags, *inputs, *link, "-o", str(folder / name)], toolchain.cache.zig)
        return {"library_sha256": library.facts["sha256"]}

    watched = [*files, *sorted(include.glob("*.h")), *sorted(support.glob("*.h"))]
    return toolchain._artifact(name, compiler, target, watched, flags, make, [source, list(link)])
