"""The standard library's own C code (zlib, binascii, math), where it has the kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.python import Python


class Stdlib(Python):
    """The kernel's `stdlib` expression."""

    info: ClassVar[RungInfo] = replace(
        Python.info,
        name="stdlib",
        purpose="somebody already wrote it in C and ships it with Python",
        copies="none",
        native_code="the standard library's extension modules",
        ns_per_operation=0.5,
        checks=frozenset({"count", "type"}),
    )
    source: ClassVar[str] = "stdlib"
