"""A toolchain for a user whose library is there already: what is left to build is the rung's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ffi_spectrum.errors import Unavailable
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.target import GUEST_MEMORY_NBYTES, WASM32, Target

# pywasm's guest is the same code with less memory.
GUEST_MEMORIES = (GUEST_MEMORY_NBYTES, 4 * 1024 * 1024)


class Prebuilt(Toolchain):
    """Takes library, guests and signatures from `artifacts` (see shared_artifacts), and builds the rest."""

    def __init__(self, artifacts: Mapping[str, Artifact], cc: str, cache_root: Path) -> None:
        super().__init__(cc, cache_root=cache_root)
        self._artifacts = artifacts

    def _take(self, name: str) -> Artifact:
        if name not in self._artifacts:
            raise Unavailable(f"{name} was not built before")
        return self._artifacts[name]

    def prototypes(self, target: Target) -> Artifact:
        return self._take(f"prototypes {target.name}")

    def native_library(self) -> Artifact:
        return self._take("library")

    def guest_module(self, memory_nbytes: int = GUEST_MEMORY_NBYTES) -> Artifact:
        return self._take(f"guest {memory_nbytes}")


def shared_artifacts(toolchain: Toolchain) -> dict[str, Artifact]:
    """What Prebuilt hands out; raises BuildError and Unavailable."""
    guests = {f"guest {nbytes}": toolchain.guest_module(nbytes) for nbytes in GUEST_MEMORIES}
    targets = (toolchain.target, WASM32)
    signatures = {f"prototypes {target.name}": toolchain.prototypes(target) for target in targets}
    return {"library": toolchain.native_library(), **guests, **signatures}
