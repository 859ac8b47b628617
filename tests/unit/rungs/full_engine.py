"""A device that has no memory left when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from ffi_spectrum.device.errors import error_for


def open_engine(cubin: Path, launcher: Path) -> NoReturn:
    raise error_for(2, "opening")
