"""What all WebAssembly rungs do alike, on the real library."""

from __future__ import annotations

import gc
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import wasmtime

from ffi_spectrum.errors import CallError, FarSideTrap, RungClosed, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.measure.loop import call_once, outputs_of
from ffi_spectrum.rungs import pywasm as pywasm_rung
from ffi_spectrum.rungs.base import Rung
from ffi_spectrum.rungs.pywasm import Pywasm, PywasmGuest
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain

NAMES = ("wasmtime", "wasmtime_fast", "wasmtime_fast_nogil", "wasmtime_ctypes", "wasmtime_pulley", "pywasm")


@cache
def artifacts(name: str, build: str = "timed") -> dict[str, Artifact]:
    try:
        return rung_class(name).build(Toolchain(build="counting" if build == "counting" else "timed"))
    except Unavailable as absent:
        pytest.skip(absent.reason)


def opened(name: str, build: str = "timed") -> Rung:
    rung = rung_class(name)(artifacts(name, build))
    try:
        rung.open()
    except Unavailable as absent:
        pytest.skip(absent.reason)
    return rung


@pytest.mark.parametrize("name", NAMES)
def test_a_bound_call_outlives_everything_else(name: str) -> None:
    rung = opened(name)
    workload = make_workload(KERNELS["saxpy"], 17)
    bounds = [rung.bind(rung.place(workload, placement), form) for form, placement in rung.info.cells]
    rung.close()
    with pytest.raises(RungClosed):
        rung.place(workload, "guest")
    del rung
    gc.collect()
    for bound in bounds:
        assert not call_once(bound)
    assert check_outputs(workload, {"out": workload.values["out"]}) == ""


@pytest.mark.parametrize("name", NAMES)
def test_many_placements_fit_one_after_the_other(name: str) -> None:
    """Memory of placements that are gone is used again; a thousand would fill it several times."""
    rung = opened(name)
    kernel, size = KERNELS["relu"], 500 if name == "pywasm" else 100_000
    for placement in ("guest", "host") * 500:
        rung.place(make_workload(kernel, 1), placement)
    workload = make_workload(kernel, size)
    for _ in range(1000):
        buffers = rung.place(workload, "guest")
    bound = rung.bind(buffers, "prebound")
    assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_fresh_form_gives_its_memory_back(name: str) -> None:
    rung = opened(name)
    workload = make_workload(KERNELS["bias_add"], 64)
    bound = rung.bind(rung.place(workload, "host"), "fresh")
    marks = []
    for _ in range(3):
        call_once(bound)
        marks.append(rung._guest.enter("ffis_guest_mark"))  # type: ignore[attr-defined]
    assert marks == [bound.names["mark"]] * 3


@pytest.mark.parametrize("name", NAMES)
def test_a_workload_that_does_not_fit_is_named_beforehand(name: str) -> None:
    kernel = KERNELS["saxpy"]
    assert rung_class(name).missing(kernel, 1000) == ""
    assert "bytes of buffers" in rung_class(name).missing(kernel, 10**8) or name == "pywasm"
    assert rung_class(name).missing(kernel, 10**8) != ""


@pytest.mark.parametrize("name", NAMES)
def test_full_memory_is_an_error(name: str) -> None:
    rung = opened(name)
    size = 3 * rung.memory_nbytes // 16 - 16  # type: ignore[attr-defined]
    kernel = KERNELS["crc32"]
    held = [rung.place(Workload(kernel, size, {"nbytes": size}, {"data": bytes(size)}), "guest") for _ in range(4)]
    assert len(held) == 4
    with pytest.raises(CallError, match="do not fit in the guest's memory"):
        rung.place(Workload(kernel, size, {"nbytes": size}, {"data": bytes(size)}), "guest")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_unsigned_numbers_are_unsigned(name: str, seed: int) -> None:
    rung = opened(name)
    workload = Workload(KERNELS["spin"], 3, {"steps": 3}, {"seed": seed})
    buffers = rung.place(workload, "none")
    bound = rung.bind(buffers, "prebound")
    assert check_outputs(workload, outputs_of(rung, buffers, bound, call_once(bound))) == ""


@pytest.mark.parametrize("name", NAMES)
def test_calls_are_counted(name: str) -> None:
    rung = opened(name, "counting")
    kernel = KERNELS["add"]
    bound = rung.bind(rung.place(make_workload(kernel, 0), "none"), "prebound")
    before = rung.count(kernel)
    for _ in range(5):
        call_once(bound)
    assert before is not None
    assert rung.count(kernel) == before + 5


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_the_callers_own(name: str) -> None:
    rung = opened(name)
    kernel = KERNELS["relu"]
    buffers = rung.place(make_workload(kernel, 8), "guest")
    call_once(rung.bind(buffers, "prebound"))
    first = rung.fetch(buffers)["out"]
    kept = first.copy()
    buffers.placed["out"][:] = -1
    np.testing.assert_array_equal(first, kept)


def test_pywasm_refuses_imports(tmp_path: Path) -> None:
    pytest.importorskip("pywasm", reason="pywasm is optional")
    path = tmp_path / "gpu.wasm"
    path.write_bytes(wasmtime.wat2wasm('(module (import "env" "cuInit" (func)) (memory (export "memory") 1 1))'))
    with pytest.raises(Unavailable, match=r"env\.cuInit"):
        PywasmGuest(path)


def test_pywasm_goes_on_after_a_trap(tmp_path: Path) -> None:
    pytest.importorskip("pywasm", reason="pywasm is optional")
    path = tmp_path / "trap.wasm"
    outside = '(func (export "outside") (result i32) i32.const 0x7fffffff i32.load)'
    text = f'{outside} (func (export "one") (result i32) i32.const 1)'
    path.write_bytes(wasmtime.wat2wasm(f'(module (memory (export "memory") 1 1) {text})'))
    guest = PywasmGuest(path)
    with pytest.raises(FarSideTrap, match="outside"):
        guest.enter("outside")
    assert guest.enter("one") == 1


def test_pywasm_is_optional(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(pywasm_rung, "import_module", absent)
    with pytest.raises(Unavailable, match="pip install pywasm"):
        PywasmGuest(tmp_path / "any.wasm")


def test_pywasm_says_what_it_cannot_do_in_time() -> None:
    assert "operations" in Pywasm.missing(KERNELS["matmul"], 4096)
    assert Pywasm.missing(KERNELS["crc32"], 1024) == ""
