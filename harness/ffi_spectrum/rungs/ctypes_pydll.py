"""ctypes.PyDLL: the same call with the GIL held, so that the difference to `ctypes` is the GIL's transition."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.ctypes import Ctypes


class CtypesPyDLL(Ctypes):
    """The ctypes rung on `ctypes.PyDLL`."""

    info: ClassVar[RungInfo] = replace(
        Ctypes.info,
        name="ctypes_pydll",
        purpose="ctypes for short calls: the GIL is kept",
        gil="held",
    )
    library_type: ClassVar[type[ctypes.CDLL]] = ctypes.PyDLL
