"""A stand-in for a rung whose package is not installed, so that it has its row and its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from ffi_spectrum.case import Form
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, RungInfo
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

_INFO = RungInfo(
    name="", purpose="", gil="not applicable", checks=frozenset(), copies="unknown", errno="unknown", needs="",
    native_code="none", crash="unknown",
)  # fmt: skip


def absent_rung(name: str, error: ImportError | OSError) -> type[Rung]:
    """A rung class called `name` that is unavailable, because importing it raised `error`."""
    package = (getattr(error, "name", None) or "").partition(".")[0]
    hint = f"the package {package} is not installed: `pip install {package}`" if package else f"cannot load: {error}"

    class Absent(Rung):
        info: ClassVar[RungInfo] = replace(_INFO, name=name, purpose="cannot be told here", needs=hint)

        @classmethod
        def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
            raise Unavailable(hint)

        def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
            raise Unavailable(hint)

    return Absent
