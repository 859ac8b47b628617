"""What only cffi does: what its two modes refuse, what they let through, and how they are written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ffi_spectrum.errors import BuildError, Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.rungs.base import BoundCall, Rung
from ffi_spectrum.rungs.cffi_api import CffiApi, api_source
from ffi_spectrum.rungs.cffi_api_held import CffiApiHeld
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.header import Prototype, load_prototypes, parse_type

from .opened import call_with, open_rung


@pytest.fixture(scope="module", params=["cffi_api", "cffi_abi"])
def rung(request: pytest.FixtureRequest) -> Rung:
    return open_rung(request.param)


def bind(rung: Rung, kernel: str, size: int) -> BoundCall:
    return rung.bind(rung.place(make_workload(KERNELS[kernel], size), "host"), "fresh")


def test_the_idiom(rung: Rung) -> None:
    assert bind(rung, "relu", 4).call == (
        'relu(from_buffer("float[]", x), from_buffer("float[]", out, require_writable=True), size)'
    )
    assert bind(rung, "crc32", 4).call == "crc32(data, nbytes)"


def test_refused(rung: Rung) -> None:
    bound = bind(rung, "relu", 4)
    frozen = np.zeros(4, np.float32)
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError), match="read-only"):
        call_with(bound, {"out": frozen})
    with pytest.raises((ValueError, BufferError), match="contiguous"):
        call_with(bound, {"x": np.zeros(8, np.float32)[::2]})
    with pytest.raises(OverflowError):
        call_with(bound, {"size": 2**32})
    with pytest.raises(TypeError):
        call_with(bound, {"size": 4.0})
    with pytest.raises(TypeError):
        call_with(replace(bound, call="relu(x, out, size)"), {})  # an ndarray is no pointer
    with pytest.raises(TypeError):
        call_with(replace(bound, call='relu(from_buffer("double[]", x), x, size)'), {})


def test_neither_dtype_nor_length_is_looked_at(rung: Rung) -> None:
    """Why `checks` does not have them: float64 passes for twice as many floats, and so does any length."""
    bound = bind(rung, "relu", 4)
    out = np.full(8, -1, np.float32)
    call_with(bound, {"x": np.array([-1.0, 2.0]), "out": out[:2]})  # the kernel takes four floats of each
    assert out[:4].tolist() == np.maximum(np.array([-1.0, 2.0]).view(np.float32), 0).tolist()
    assert not {"dtype", "length"} & rung.info.checks


def test_a_library_that_cannot_be_loaded_is_unavailable(rung: Rung, tmp_path: Path) -> None:
    path = tmp_path / "broken.so"
    path.write_text("not ELF")
    broken = {name: replace(artifact, path=path) for name, artifact in rung.artifacts.items()}
    with pytest.raises(Unavailable, match="cannot be loaded"):
        type(rung)(broken | {"prototypes": rung.artifacts["prototypes"]}).open()


def test_generating_the_source_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    source = api_source({"ffis_f": Prototype("ffis_f", parse_type("int32_t", 8), ())})
    assert "PyInit__ffis_cffi" in source
    assert capsys.readouterr().out == ""


def test_the_held_twin_differs_in_the_release_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain = Toolchain()
    prototypes = load_prototypes(toolchain.prototypes(toolchain.target).path, 8)
    ours = [line.strip() for line in CffiApiHeld.source(prototypes).replace("_held", "").splitlines()]
    stock = [line.strip() for line in CffiApi.source(prototypes).splitlines()]
    release = ("Py_BEGIN_ALLOW_THREADS", "Py_END_ALLOW_THREADS")
    assert [line for line in stock if line not in release] == ours
    assert stock.count(release[0]) == stock.count(release[1]) == len(prototypes)
    monkeypatch.setattr("ffi_spectrum.rungs.cffi_api_held.api_source", lambda prototypes, module: "a { PyGIL(); }")
    with pytest.raises(BuildError, match="another way"):
        CffiApiHeld.source(prototypes)
