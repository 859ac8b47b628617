"""The CUDA kernels as a cubin, by NVRTC: no driver is needed, and no nvcc."""

from __future__ import annotations

import hashlib
import time
from importlib.metadata import version
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

    Raises Unavailable where cuda-core or NVRTC is not installed, BuildError with NVRTC's message.
    """
    nvrtc = _nvrtc_version()
    chosen = files or cuda_sources()
    folders = (chosen[0].parent, sources.source_root() / "native" / "kernels")
    watched = [*chosen, *sorted(folders[0].glob("*.cuh")), folders[1] / "element.h"]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in watched}
    counting = toolchain.build == "counting"
    flags = ["-fmad=false", "-std=c++17", *(["-DFFIS_COUNTING"] if counting else [])]
    facts: dict[str, Any] = {
        "name": NAME, "compiler": "nvrtc", "version": nvrtc, "flags": flags, "target": architecture,
        "build": toolchain.build,
    }  # fmt: skip

    def make(folder: Path) -> dict[str, Any]:
        unit = "".join(f'#include "{path.name}"\n' for path in chosen)
        start = time.perf_counter()
        code = _compile(unit, architecture, [str(path) for path in folders], counting)
        (folder / NAME).write_bytes(code)
        digest = hashlib.sha256(code).hexdigest()
        return {**facts, "seconds": round(time.perf_counter() - start, 3), "nbytes": len(code), "sha256": digest}

    entry = toolchain.cache.get({"facts": facts, "sources": digests}, make)
    return Artifact(entry.folder / NAME, {**entry.facts, "was_cached": entry.was_cached})


def _nvrtc_version() -> str:
    """The version of NVRTC that cuda-core will load; raises Unavailable."""
    for module, package in (("cuda.core", "cuda-core"), ("cuda.bindings", "cuda-bindings")):
        try:
            found = find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise Unavailable(f"{package} is not installed: `pip install 'ffi-spectrum[cuda-build]'`")
    from cuda.bindings import nvrtc

    try:
        error, major, minor = nvrtc.nvrtcVersion()
    except RuntimeError as missing:  # cuda.pathfinder's DynamicLibNotFoundError is one
        raise Unavailable("NVRTC was not found: `pip install nvidia-cuda-nvrtc`") from missing
    if int(error) != 0:
        raise Unavailable(f"NVRTC does not work: {error}")
    return f"{major}.{minor} (cuda-core {version('cuda-core')})"


def _compile(unit: str, architecture: str, folders: list[str], counting: bool) -> bytes:
    from cuda.core import Program, ProgramOptions

    options = ProgramOptions(
        name="ffis.cu", arch=architecture, std="c++17", fma=False, include_path=folders,
        define_macro="FFIS_COUNTING" if counting else None,
    )  # fmt: skip
    try:
        code = Program(unit, "c++", options).compile("cubin").code
    except Exception as error:
        if type(error).__module__.startswith("cuda."):
            raise BuildError(f"NVRTC refused {NAME}:\n{error}") from error
        raise
    return bytes(code)
