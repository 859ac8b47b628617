"""The CUDA kernels as a cubin, by NVRTC: no driver is needed, and no nvcc."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.toolchain import sources
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

NAME = "ffis.cubin"
# What is compiled for where no device says what it is: an H100.
DEFAULT_ARCHITECTURE = "sm_90"


def cuda_sources() -> tuple[Path, ...]:
    """One CUDA file per kernel, and the harness's own, sorted by name."""
    return tuple(sorted((sources.source_root() / "native" / "cuda").glob("*.cu")))


def cubin(toolchain: Toolchain, architecture: str, files: tuple[Path, ...] = ()) -> Artifact:
    """All CUDA kernels (or those of `files`) in one cubin for `architecture`, from the toolchain's cache.

    Raises Unavailable where cuda-bindings or NVRTC is not installed, BuildError with NVRTC's log.
    """
    number = _nvrtc_version()
    chosen = files or cuda_sources()
    folders = (chosen[0].parent, sources.source_root() / "native" / "kernels")
    watched = [*chosen, *sorted(folders[0].glob("*.cuh")), folders[1] / "element.h"]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in watched}
    counting = ["-DFFIS_COUNTING"] if toolchain.build == "counting" else []
    flags = [f"-arch={architecture}", "-fmad=false", "-std=c++17", *counting]
    facts: dict[str, Any] = {
        "name": NAME, "compiler": "nvrtc", "version": number, "flags": flags, "target": architecture,
        "build": toolchain.build,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Any]:
        unit = "".join(f'#include "{path.name}"\n' for path in chosen)
        start = time.perf_counter()
        code = _compile(unit, [*flags, *(f"-I{folder}" for folder in folders)])
        (folder / NAME).write_bytes(code)
        digest = hashlib.sha256(code).hexdigest()
        return {**facts, "seconds": round(time.perf_counter() - start, 3), "nbytes": len(code), "sha256": digest}

    entry = toolchain.cache.get({"facts": facts, "sources": digests}, make)
    return Artifact(entry.folder / NAME, {**entry.facts, "was_cached": entry.was_cached})


def _nvrtc_version() -> str:
    """The version of NVRTC that cuda-bindings load; raises Unavailable."""
    try:
        found = find_spec("cuda.bindings")
    except ModuleNotFoundError:  # there is no cuda either
        found = None
    if found is None:
        raise Unavailable("cuda-bindings is not installed: `pip install 'ffi-spectrum[cuda-build]'`")
    from cuda.bindings import nvrtc
    from cuda.pathfinder import DynamicLibNotFoundError

    try:
        error, major, minor = nvrtc.nvrtcVersion()
    except DynamicLibNotFoundError as missing:
        raise Unavailable("NVRTC was not found: `pip install 'ffi-spectrum[cuda-build]'`") from missing
    if int(error) != 0:
        raise Unavailable(f"NVRTC does not work: {error}")
    return f"{major}.{minor}"


def _compile(unit: str, flags: Sequence[str]) -> bytes:
    """The cubin of one translation unit; raises BuildError with the compiler's log."""
    from cuda.bindings import nvrtc

    program = _value(nvrtc.nvrtcCreateProgram(unit.encode(), b"ffis.cu", 0, [], []))
    try:
        (error,) = nvrtc.nvrtcCompileProgram(program, len(flags), [flag.encode() for flag in flags])
        if int(error) != 0:
            log = bytes(_value(nvrtc.nvrtcGetProgramLogSize(program)))
            _value(nvrtc.nvrtcGetProgramLog(program, log))
            raise BuildError(f"NVRTC refused {NAME} ({error.name}):\n{log.rstrip(bytes(1)).decode()}")
        code = bytes(_value(nvrtc.nvrtcGetCUBINSize(program)))
        _value(nvrtc.nvrtcGetCUBIN(program, code))  # fills what it is given, bytes too
    finally:
        nvrtc.nvrtcDestroyProgram(program)
    return code


def _value(result: Any) -> Any:
    """What stands behind the error code that cuda-bindings return; raises BuildError for another than success."""
    if int(result[0]) != 0:
        raise BuildError(f"NVRTC cannot make {NAME}: {result[0].name}")
    return result[1] if len(result) > 1 else None
