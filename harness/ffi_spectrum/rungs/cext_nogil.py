"""The same CPython extension, with the GIL released around the kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.cext import Cext


class CextNogil(Cext):
    """`Cext` with Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS around the kernel's call: nothing else."""

    info: ClassVar[RungInfo] = replace(
        Cext.info,
        name="cext_nogil",
        purpose="what letting other threads run adds to the fastest call",
        gil="released",
    )
    module_name: ClassVar[str] = "_ffis_cext_nogil"
    release_gil: ClassVar[bool] = True
