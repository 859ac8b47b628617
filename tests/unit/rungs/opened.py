"""Opening one rung for a test, and calling what it binds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.rungs.base import BoundCall, Rung
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.table import rung_class
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.target import Build

R = TypeVar("R", bound=FarRung[Any])


def open_rung(name: str, build: Build = "timed") -> Rung:
    """The rung `name`, built and open; skips with the reason where it is unavailable."""
    try:
        kind = rung_class(name)
        rung = kind(kind.build(Toolchain(build=build)))
        rung.open()
    except Unavailable as absent:
        pytest.skip(absent.reason)
    return rung


@contextmanager
def with_worker(rung: R) -> Iterator[R]:
    """The rung, open; its worker is ended in any case."""
    rung.open()
    worker = rung.link.worker
    try:
        yield rung
    finally:
        rung.close()
        worker.close()


def call_with(bound: BoundCall, changes: Mapping[str, Any]) -> Any:
    """The value of a bound call, with some of its names changed."""
    return eval(bound.call, {**bound.names, **changes})
