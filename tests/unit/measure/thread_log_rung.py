"""A rung that remembers which thread did what to which of its instances; its calls take one step of a fake clock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, ClassVar

from ffi_spectrum.case import Form
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers
from ffi_spectrum.rungs.python import Python
from ffi_spectrum.toolchain.artifact import Artifact


class ThreadLogRung(Python):
    """`log` has (what, number of the instance, identifier of the thread); `sizes` those that were bound."""

    log: ClassVar[list[tuple[str, int, int]]] = []
    sizes: ClassVar[list[int]] = []
    instances: ClassVar[int] = 0
    wrong: ClassVar[int] = 0
    limit: ClassVar[int] = 2**31

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        super().__init__(artifacts)
        self.number = type(self).instances
        type(self).instances += 1
        self._note("made")

    def _note(self, what: str) -> None:
        type(self).log.append((what, self.number, threading.get_ident()))

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        return "too large" if size > cls.limit else ""

    def _open(self) -> None:
        self._note("open")

    def close(self) -> None:
        self._note("close")
        super().close()

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        self._note("bind")
        type(self).sizes.append(buffers.workload.size)
        bound = super()._bind(buffers, form, variant)
        note = {"note": lambda: self._note("call"), "wrong": type(self).wrong}
        return BoundCall(f"{bound.call} + wrong", {**bound.names, **note}, before=("note()",))


def fresh_class() -> type[ThreadLogRung]:
    """A class with logs of its own."""
    logs: dict[str, Any] = {"log": [], "sizes": [], "instances": 0}
    return type("Fresh", (ThreadLogRung,), logs)
