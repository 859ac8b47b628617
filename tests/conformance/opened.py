"""The rungs under test, each built and opened once."""

from __future__ import annotations

import pytest

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import Rung
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain


class OpenRungs:
    """Rungs by name, opened at first use; one that is unavailable skips the test that asks for it, with its reason."""

    def __init__(self, toolchain: Toolchain) -> None:
        self.toolchain = toolchain
        self._opened: dict[str, Rung | Unavailable] = {}

    def get(self, name: str, kernel: KernelSpec | None = None, size: int = 0) -> Rung:
        """The open rung `name`; skips where it is unavailable, or does not have `kernel` at `size`."""
        if name not in self._opened:
            self._opened[name] = self._open(name)
        rung = self._opened[name]
        if isinstance(rung, Unavailable):
            pytest.skip(rung.reason)
        reason = rung.missing(kernel, size) if kernel else ""
        if reason:
            pytest.skip(reason)
        return rung

    def open_another(self, name: str) -> Rung:
        """A second instance of the rung `name`, which the caller closes."""
        rung = self.get(name)
        another = type(rung)(rung.artifacts)
        another.open()
        return another

    def close(self) -> None:
        for rung in self._opened.values():
            if isinstance(rung, Rung):
                rung.close()

    def _open(self, name: str) -> Rung | Unavailable:
        try:
            kind = rung_class(name)
            rung = kind(kind.build(self.toolchain))
            rung.open()
        except Unavailable as absent:
            return absent
        return rung
