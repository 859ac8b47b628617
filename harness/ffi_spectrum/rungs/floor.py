"""The floor: the kernel called by a C loop, so that Python crosses once for all calls."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.case import Form
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.ctypes import Ctypes


class Floor(Ctypes):
    """The far-side C loop itself: `direct` calls the kernel by name, `dlsym` through a pointer from dlsym.

    Its time per call is the far-side time, which every ratio "to the floor" refers to (the `dlsym` variant).
    """

    info: ClassVar[RungInfo] = replace(
        Ctypes.info,
        name="floor",
        purpose="what the work costs without any boundary: a loop in C",
        gil="released",
        checks=frozenset(),
        errno="untouched",
        needs="a C program around the kernel",
        native_code="libffis",
        cells=(("prebound", "host"),),
        variants={"prebound": ("dlsym", "direct")},
        is_floor=True,
        strategies=("per_call",),
    )

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        return self._loop(buffers, variant)

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        return self._loop(buffers, variant)

    def _loop(self, buffers: Buffers, variant: str) -> BoundCall:
        name = buffers.kernel.name
        if variant == "direct":
            return self._prebound(f"ffis_direct_{name}", f"direct_{name}", buffers, (("times", 1),))
        address = ctypes.cast(self._library[buffers.kernel.symbol], ctypes.c_void_p).value
        return self._prebound(f"ffis_repeat_{name}", f"repeat_{name}", buffers, (("ffis_fn", address), ("times", 1)))
