"""Each fault of a device gives its typed error with the reason, and the rest goes on."""

from __future__ import annotations

import pytest

from .device_faults import FAULTS, provoke
from .scene import Scene
from .seen import NONE


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_type_and_the_rest_goes_on(scene: Scene, name: str) -> None:
    fault, devices = FAULTS[name], scene.session.cupy.cuda.runtime.getDeviceCount()
    if devices < fault.devices:
        pytest.skip(f"needs {fault.devices} devices, {devices} is visible")
    seen = provoke(name, scene).seen
    assert seen.error == fault.error, seen.said
    assert bool(seen.said) == (fault.error != NONE)
    assert seen.goes_on
