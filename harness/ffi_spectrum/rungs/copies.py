"""Copies between a caller's buffers and memory of a transport's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# (to, from): views of bytes, of equal length
Copies = Sequence[tuple[memoryview, memoryview]]


def copy(copies: Copies) -> None:
    for to, source in copies:
        to[:] = source


def flat(value: Any) -> memoryview:
    """The bytes of a buffer, which must not be empty."""
    return memoryview(value).cast("B")
