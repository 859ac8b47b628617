"""What a fault gives, and the launches that the tests of faults share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.errors import FFISpectrumError

from .scene import Scene

# Nothing is raised: the fault cannot be provoked.
NONE = ""
ONE_KERNEL = (ONE, ONE)
# Long enough that what comes behind it is still waiting when Python looks.
BUSY_NS = 50_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """The error's type and text ("" where there is none), and whether everything went on that must."""

    error: str
    said: str
    goes_on: bool


def raised(deed: Callable[[], Any], goes_on: Callable[[], bool]) -> Seen:
    try:
        deed()
    except FFISpectrumError as error:
        return Seen(type(error).__name__, str(error), goes_on())
    return Seen(NONE, "", goes_on())


def works(scene: Scene) -> bool:
    """Whether the session still copies, launches and waits."""
    session = scene.session
    word = session.to_device(np.zeros(1, np.uint64))
    scene.start(spin(scene, 5, 0, word))
    return bool(session.to_host(word)[0] == 5)


def spin(scene: Scene, seed: int, steps: int, word: Any) -> Launch:
    objects = {"seed": np.uint64(seed), "steps": np.uint32(steps), "result": word}
    return scene.session.launch("ffis_spin", ONE_KERNEL, objects)


def busy(scene: Scene) -> Launch:
    return scene.session.launch("ffis_delay", ONE_KERNEL, {"ns": np.uint64(BUSY_NS)})


def saxpy(scene: Scene, x: Any, y: Any) -> Launch:
    objects = {"a": np.float32(2), "x": x, "y": y, "out": y, "size": np.uint32(len(x))}
    return scene.session.launch("ffis_saxpy", ((1, 1, 1), (256, 1, 1)), objects)
