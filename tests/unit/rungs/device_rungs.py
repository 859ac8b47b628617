"""The rungs whose worker owns a device, on an engine that needs none: everything but the driver is the real thing."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from ffi_spectrum.rungs.device_grpc import DeviceGrpc
from ffi_spectrum.rungs.device_ring import DeviceRing
from ffi_spectrum.rungs.device_uds import DeviceUds
from ffi_spectrum.rungs.far_device import FarDevice
from ffi_spectrum.rungs.grpc import build_messages
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.launcher import launcher_library

TREE = Path(__file__).parents[3]


class OnHost(FarDevice):
    """Opened with the host's library in the place of the cubin; PYTHONPATH must lead to the engine."""

    engine: ClassVar[str] = "tests.unit.rungs.numpy_engine"

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return {
            "library": toolchain.native_library(),
            "prototypes": toolchain.prototypes(toolchain.target),
            "worker": launcher_library(toolchain),
        }

    @classmethod
    def _absence(cls) -> str:
        return ""


class HostRing(OnHost, DeviceRing):
    pass


class HostUds(OnHost, DeviceUds):
    pass


class HostGrpc(OnHost, DeviceGrpc):
    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return {**OnHost.build(toolchain), "messages": build_messages(toolchain)}


KINDS: dict[str, type[FarDevice]] = {"device_ring": HostRing, "device_uds": HostUds, "device_grpc": HostGrpc}
