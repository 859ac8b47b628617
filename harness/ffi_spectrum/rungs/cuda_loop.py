"""The C launcher: one crossing for a launch, or for as many as one likes."""

from __future__ import annotations

import ctypes
from typing import ClassVar

from ffi_spectrum.device.launch import NOOP_ARGUMENTS, Launch
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.device_rung import device_info, keeping
from ffi_spectrum.rungs.launch_rung import LaunchRung

# The name of the control that is the C loop: with the number of noop's arguments behind it, where it has some.
ENQUEUE = "enqueue"


class CudaLoop(LaunchRung):
    """`launch_n(prepared, 1)`, a C function of ours through ctypes; with its loop all paths are compared."""

    info: ClassVar[RungInfo] = device_info(
        "prebound", name="cuda_loop", purpose="the least that a launch costs: a loop in C around cuLaunchKernel",
        native_code="libcuda, the launcher", needs="an NVIDIA driver and device; the extra `gpu`; a C compiler",
    )  # fmt: skip

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        return self._calling(launch, self.session.entry)

    def nothing_call(self, launch: Launch, variant: str) -> BoundCall | None:
        return self._calling(launch, self.session.launcher.nothing)

    def _calling(self, launch: Launch, entry: int) -> BoundCall:
        prepared = launch.prepared(entry)
        names = {"launch_n": self.session.launcher.launch_n, "prepared": ctypes.addressof(prepared)}
        return BoundCall("launch_n(prepared, 1)", names, owner=(launch, prepared))

    def controls(self, workload: Workload) -> dict[str, BoundCall]:
        """The C loop for every number of arguments, and its entry for no launch."""
        buffers = self.place(workload, "device")
        counts = NOOP_ARGUMENTS if workload.kernel.name == "noop" else (0,)
        found = {f"{ENQUEUE}{nargs or ''}": self.loop(buffers, nargs) for nargs in counts}
        nothing = self._calling(self.launch_of(buffers), self.session.launcher.nothing)
        entry = BoundCall("launch_n(prepared, 0)", {**nothing.names, "times": 1})
        return {**found, "launch_entry": keeping(entry, nothing.owner)}
