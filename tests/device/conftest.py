from __future__ import annotations

import pytest

from ffi_spectrum.device.probe import absence
from ffi_spectrum.errors import Unavailable

from .scene import Scene, open_scene


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """This process's session; skips with the one reason where there is no device, or nothing to compile for it."""
    if absence():
        pytest.skip(absence())
    try:
        return open_scene(tmp_path_factory.mktemp("device"))
    except Unavailable as absent:
        pytest.skip(absent.reason)
