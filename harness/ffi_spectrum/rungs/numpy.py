"""NumPy: the kernel as array operations; BLAS is held to one thread by the process that measures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from ffi_spectrum.kernels.spec import Expression
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.python import Python


class Numpy(Python):
    """The kernel's `numpy` expression; ndarrays are its native form, so prebound and fresh are the same call."""

    info: ClassVar[RungInfo] = replace(
        Python.info,
        name="numpy",
        purpose="array work that NumPy already has, without a line of C",
        copies="none",
        needs="the NumPy package",
        native_code="numpy, its BLAS",
        ns_per_operation=0.5,
        checks=frozenset({"type", "writable"}),  # not the count: a ufunc's output is optional
    )
    source: ClassVar[str] = "numpy"

    def _own(self, value: Any) -> Any:
        return value

    def _fresh(self, found: Expression, buffers: Buffers) -> BoundCall:
        return self._inline(found, buffers)
