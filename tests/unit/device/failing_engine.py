"""The device itself, with an `add` that writes its result where nothing is when it is asked to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ffi_spectrum.device.engine import Engine, Ready
from ffi_spectrum.kernels.spec import Dims, KernelSpec

ILLEGAL = -(2**40)


class FailingEngine(Engine):
    def ready(self, kernel: KernelSpec, dims: Dims, objects: Mapping[str, Any]) -> Ready:
        if kernel.name == "add" and int(objects["a"]) == ILLEGAL:
            objects = {**objects, "result": np.uint64(64)}
        return super().ready(kernel, dims, objects)


def open_engine(cubin: Path, launcher: Path) -> FailingEngine:
    return FailingEngine(cubin, launcher)
