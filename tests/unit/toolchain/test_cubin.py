"""What a machine without a device can prove: every CUDA kernel compiles, and the launcher builds, loads and loops."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ffi_spectrum.device.geometry import GEOMETRY, geometry
from ffi_spectrum.device.launch import NOOP_ARGUMENTS
from ffi_spectrum.device.launcher import Launcher, PreparedLaunch
from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.cubin import DEFAULT_ARCHITECTURE, cubin, cuda_sources
from ffi_spectrum.toolchain.launcher import launcher_library

# NVIDIA has packages of NVRTC for Linux; there the extra `dev` brings it, so that nothing is skipped
needs_nvrtc = pytest.mark.skipif(sys.platform != "linux", reason="NVRTC is installed on Linux only")


@needs_nvrtc
@pytest.mark.parametrize("build", ["timed", "counting"])
@pytest.mark.parametrize("path", cuda_sources(), ids=lambda path: path.stem)
def test_every_source_compiles_alone(path: Path, build: str) -> None:
    counting = build == "counting"
    made = cubin(Toolchain(build="counting" if counting else "timed"), DEFAULT_ARCHITECTURE, (path,))
    code = made.path.read_bytes()
    assert code.startswith(b"\x7fELF")
    counted = path.stem in GEOMETRY and counting
    assert (f"ffis_count_{path.stem}".encode() in code) == counted


@needs_nvrtc
def test_a_broken_source_is_refused_with_the_compiler_s_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.cu"
    broken.write_text('#include "no_such_file.cuh"\n')
    with pytest.raises(BuildError, match="no_such_file"):
        cubin(Toolchain(cache_root=tmp_path / "cache"), DEFAULT_ARCHITECTURE, (broken,))


@needs_nvrtc
def test_an_architecture_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="NVRTC_ERROR_INVALID_OPTION"):
        cubin(Toolchain(cache_root=tmp_path), "sm_1")


@needs_nvrtc
def test_all_sources_together_have_every_kernel() -> None:
    symbols = [KERNELS[name].symbol for name in GEOMETRY]
    symbols += [f"ffis_noop{count}" for count in NOOP_ARGUMENTS if count]
    with cubin(Toolchain(), DEFAULT_ARCHITECTURE).path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        found = {symbol.name for symbol in table.iter_symbols() if symbol["st_info"]["type"] == "STT_FUNC"}
    assert {*symbols, "ffis_hold", "ffis_stamp", "ffis_pong", "ffis_delay", "ffis_span", "ffis_span_dependent"} <= found


@needs_nvrtc
@pytest.mark.parametrize("package", ["cuda-bindings", "nvrtc"])
def test_what_is_not_installed_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from cuda.pathfinder import DynamicLibNotFoundError

    def absent() -> None:
        raise DynamicLibNotFoundError("libnvrtc.so")

    if package == "nvrtc":
        monkeypatch.setattr("cuda.bindings.nvrtc.nvrtcVersion", absent)
    else:
        monkeypatch.setattr("ffi_spectrum.toolchain.cubin.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=rf"(?i){package} (is not|was not).*: `pip install .*cuda-build"):
        cubin(Toolchain(), DEFAULT_ARCHITECTURE)


def test_one_source_per_numeric_kernel() -> None:
    assert {path.stem for path in cuda_sources()} == {*GEOMETRY, "stream"}
    assert set(GEOMETRY) <= set(KERNELS)


@pytest.mark.parametrize("kernel", GEOMETRY)
@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 100_000])
def test_the_grid_covers_every_element(kernel: str, size: int) -> None:
    dims = KERNELS[kernel].dims(size)
    grid, block = geometry(kernel, dims)
    assert min(*grid, *block) >= 1
    assert block[0] * block[1] * block[2] <= 1024
    if kernel in ("matmul", "dense_relu"):
        assert grid[0] * block[0] >= dims["n"]
        assert grid[1] * block[1] >= dims["m"]
    elif kernel in ("saxpy", "relu", "bias_add"):
        assert grid[0] * block[0] >= np.prod(list(dims.values()))


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    return Launcher(launcher_library(Toolchain()).path)


def test_the_launcher_loops_and_stops_at_the_first_error(launcher: Launcher) -> None:
    calls = []
    signature = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_void_p, *[ctypes.c_uint32] * 7, *[ctypes.c_void_p] * 3
    )  # fmt: skip

    @signature  # type: ignore[untyped-decorator]
    def launch(*arguments: object) -> int:
        calls.append(arguments)
        return 700 if len(calls) == 5 else 0

    entry = ctypes.cast(launch, ctypes.c_void_p).value or 0
    prepared = PreparedLaunch(entry, 11, 12, 13, (2, 3, 4), (5, 6, 7))
    assert launcher.launch_n(ctypes.addressof(prepared), 4) == 0
    assert calls == [(11, 2, 3, 4, 5, 6, 7, 0, 12, 13, None)] * 4
    assert launcher.launch_n(ctypes.addressof(prepared), 4) == 700
    assert len(calls) == 5


def test_a_word_that_never_changes_is_not_waited_for_long(launcher: Launcher) -> None:
    word = np.zeros(1, np.uint64)
    assert launcher.await_word(word.ctypes.data, 1, 1_000_000) == -1
    word[0] = 1
    assert launcher.await_word(word.ctypes.data, 1, 1_000_000) > 0
