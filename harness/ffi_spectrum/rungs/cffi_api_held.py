"""cffi in API mode with the GIL held: the same generated source, less the release. For measurement only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from ffi_spectrum.errors import BuildError
from ffi_spectrum.rungs.base import RungInfo
from ffi_spectrum.rungs.cffi_api import CffiApi, api_source
from ffi_spectrum.toolchain.header import Prototype

_RELEASE = re.compile(r"^[ \t]*Py_(BEGIN|END)_ALLOW_THREADS[ \t]*\n", re.MULTILINE)


class CffiApiHeld(CffiApi):
    """`CffiApi` without Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS: its difference from that is the transition.

    cffi offers no such thing: a module of it always releases the GIL.
    """

    info: ClassVar[RungInfo] = replace(
        CffiApi.info,
        name="cffi_api_held",
        purpose="for measurement only: what cffi's release of the GIL costs, by leaving it out",
        gil="held",
        needs="cffi, and this project's change to the source that it writes; a C compiler and the CPython headers",
    )
    module_name: ClassVar[str] = "_ffis_cffi_held"

    @classmethod
    def source(cls, prototypes: Mapping[str, Prototype]) -> str:
        text, found = _RELEASE.subn("", api_source(prototypes, cls.module_name))
        if not found or "ALLOW_THREADS" in text:
            raise BuildError("this cffi writes its release of the GIL in another way: cffi_api_held has to follow it")
        return text
