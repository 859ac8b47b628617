"""What all launch paths share: they launch the same kernels of ours, and differ in nothing but the call."""

from __future__ import annotations

import ctypes
from abc import abstractmethod
from dataclasses import replace

import numpy as np

from ffi_spectrum.case import Case
from ffi_spectrum.device.errors import check
from ffi_spectrum.device.geometry import ONE
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.rungs.base import BoundCall, Buffers
from ffi_spectrum.rungs.device_rung import DeviceRung, arrays_of, keeping


class LaunchRung(DeviceRung):
    """A launch path; with another path's it shares kernels, arguments, stream and wait.

    A result is written to a word on the device and read after the block, outside of what is timed.
    """

    @abstractmethod
    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        """The launch as this path's user writes it."""

    def launch_of(self, buffers: Buffers, nargs: int = 0) -> Launch:
        """The kernel's launch on placed buffers."""
        return arrays_of(buffers).launch(nargs)

    def _call(self, buffers: Buffers, variant: str, nargs: int) -> BoundCall:
        call = self.launch_call(self.launch_of(buffers, nargs), variant)
        return keeping(_with_value(call, buffers), (self, buffers, call.owner))

    def case_parts(self, case: Case, buffers: Buffers) -> dict[str, BoundCall]:
        parts = super().case_parts(case, buffers)
        nothing = self.nothing_call(self.launch_of(buffers, dict(case.params).get("nargs", 0)), case.variant)
        return parts | ({"nothing": keeping(nothing, nothing.owner)} if nothing else {})

    def nothing_call(self, launch: Launch, variant: str) -> BoundCall | None:
        """The same call of a C function that does nothing, None where the path cannot be turned to one."""
        return None

    def stamp(self, variant: str) -> BoundCall:
        """A launch of ffis_stamp on the session's pinned words, ticket 1."""
        objects = {"words": self.session.view(self.session.words[1:3]), "ticket": np.uint64(1)}
        call = self.launch_call(self.session.launch("ffis_stamp", (ONE, ONE), objects), variant)
        return keeping(call, call.owner)

    def loop(self, buffers: Buffers, nargs: int = 0) -> BoundCall:
        """One crossing for `times` launches by the C launcher, the stream held back; a block raises DeviceError."""
        launch = self.launch_of(buffers, nargs)
        prepared = launch.prepared(self.session.entry)
        names = {
            "launch_n": self.session.launcher.launch_n, "prepared": ctypes.addressof(prepared), "times": 1,
            "check": check,
        }  # fmt: skip
        call = _with_value(BoundCall("(_error := launch_n(prepared, times))", names, setup=("_error = 0",)), buffers)
        # looked at behind the block, for a crossing that launched less is no quick one
        call = replace(call, teardown=("check(_error, 'launching in a loop')", *call.teardown))
        return keeping(self.held(call), (self, buffers, launch, prepared))

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        return self.loop(buffers)

    def count(self, kernel: KernelSpec) -> int | None:
        addresses = self._counters(f"ffis_count_{kernel.name}")
        return sum(map(self.session.read_uint64, addresses)) if addresses else None

    def _counters(self, symbol: str) -> list[int]:
        """Where launches are counted, in each module that this path launches from; empty but in the counting build."""
        address = self.session.variable(symbol)
        return [] if address is None else [address]


def _with_value(call: BoundCall, buffers: Buffers) -> BoundCall:
    """The call with the kernel's result read behind the block, where it has one."""
    arrays = arrays_of(buffers)
    if arrays.result is None:
        return call
    return replace(
        call, names={**call.names, "read_value": arrays.value}, teardown=(*call.teardown, "_value = read_value()")
    )
