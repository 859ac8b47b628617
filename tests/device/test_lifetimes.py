"""Bound calls of every launch path own their arrays."""

from __future__ import annotations

import pytest

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.device_rung import DeviceRung
from ffi_spectrum.rungs.table import RUNGS, rung_class
from ffi_spectrum.toolchain.build import Toolchain

from .lifetimes import keeps_buffers
from .scene import Scene

PATHS = [name for name in RUNGS if issubclass(rung_class(name), DeviceRung)]


@pytest.mark.parametrize("name", PATHS)
def test_a_bound_call_owns_its_arrays(scene: Scene, name: str) -> None:
    kind = rung_class(name)
    reason = kind.missing(KERNELS["saxpy"], 8)
    if reason:
        pytest.skip(reason)
    try:
        rung = kind(kind.build(Toolchain()))
        rung.open()
    except Unavailable as absent:
        pytest.skip(absent.reason)
    assert isinstance(rung, DeviceRung)
    ((form, _),) = rung.info.cells
    assert keeps_buffers(scene, rung, form)
