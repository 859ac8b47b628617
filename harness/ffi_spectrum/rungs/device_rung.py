"""What all launch paths share: they differ in nothing but the call."""

from __future__ import annotations

import ctypes
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ffi_spectrum.case import Case, Form, Placement, Strategy
from ffi_spectrum.device.errors import check
from ffi_spectrum.device.geometry import GEOMETRY, ONE
from ffi_spectrum.device.launch import NOOP_ARGUMENTS, Launch, kernel_extents, kernel_objects
from ffi_spectrum.device.probe import absence, architecture
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, RungInfo
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.cubin import cubin
from ffi_spectrum.toolchain.launcher import launcher_library

if TYPE_CHECKING:
    from ffi_spectrum.device.session import Session
    from ffi_spectrum.toolchain.build import Toolchain

NOT_NUMERIC = "only the numeric kernels have a CUDA source"
# In every launch path's row: what launching is, whoever asks for it.
_COMMON = RungInfo(
    name="", purpose="", gil="released", checks=frozenset(), copies="none: the arrays live on the device",
    errno="not touched", needs="an NVIDIA driver and device; the extra `gpu`", native_code="libcuda",
    crash="a kernel that fails makes the device unusable for the process", cells=(("fresh", "device"),),
    strategies=("per_call", "pipelined"), panel_group="device", agreement="tolerance", ns_per_operation=1e-3,
    ns_per_call=15_000, startup_s=0.3,
)  # fmt: skip


def device_info(form: Form, **own: Any) -> RungInfo:
    """The info of a launch path: `fresh` where it converts arguments at each call, `prebound` where they are ready."""
    return replace(_COMMON, cells=((form, "device"),), **own)


class DeviceRung(Rung):
    """A launch path. `per_call` synchronises after each launch, `pipelined` once, late.

    A result is written to a word on the device and read after the block, outside of what is timed.
    """

    # a launch is some microseconds, and the first ones of a block are slower: short blocks would be about them
    least_calls: ClassVar[int] = 128
    # the launch queue holds about 1,024: a loop behind a held stream that fills it would wait for ever
    most_calls: ClassVar[int] = 400

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        reason = absence()
        if reason:
            raise Unavailable(reason)
        return {"cubin": cubin(toolchain, architecture()), "launcher": launcher_library(toolchain)}

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        return absence() or cls._missing(kernel)

    @classmethod
    def _missing(cls, kernel: KernelSpec) -> str:
        """Why this path has no such kernel, whatever the machine ("" where it has)."""
        return "" if kernel.name in GEOMETRY else NOT_NUMERIC

    @classmethod
    def ways(cls, kernel: KernelSpec) -> Iterator[Case]:
        ((form, placement),) = cls.info.cells
        for variant in cls.info.variants.get(form, ("",)):
            one = Case(kernel.name, 0, cls.info.name, form, placement, variant)
            if kernel.name == "noop":
                yield from (replace(one, params=(("nargs", nargs),)) for nargs in NOOP_ARGUMENTS)
            else:
                yield one
            yield replace(one, strategy="pipelined")

    def _open(self) -> None:
        from ffi_spectrum.device.session import open_session

        self.session: Session = open_session(self.artifacts["cubin"].path, self.artifacts["launcher"].path)
        self._open_path()

    def _open_path(self) -> None:
        """What only this path needs, once."""

    @abstractmethod
    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        """The launch as this path's user writes it."""

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        kernel = workload.kernel
        placed = {a.name: self.session.to_device(_as_array(workload.values[a.name])) for a in kernel.buffers}
        result = self.session.to_device(np.zeros(1, kernel.returns)) if kernel.returns else None
        return Buffers(workload, placement, placed, owner=result)

    def launch_of(self, buffers: Buffers, nargs: int = 0) -> Launch:
        """The kernel's launch on placed buffers."""
        symbol, objects = kernel_objects(buffers.workload, buffers.placed, buffers.owner, nargs)
        return self.session.launch(symbol, kernel_extents(buffers.workload), objects)

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        return self._bind_strategy(buffers, form, variant, "per_call", {})

    def _bind_strategy(
        self, buffers: Buffers, form: Form, variant: str, strategy: Strategy, params: Mapping[str, int]
    ) -> BoundCall:
        call = self._call(buffers, variant, params.get("nargs", 0))
        wait, names = self.waiting(variant)
        names = {**call.names, **names}
        if strategy == "per_call":
            return replace(call, names=names, after=(wait,))
        return replace(call, names=names, finish=(wait,))

    def waiting(self, variant: str) -> tuple[str, Mapping[str, Any]]:
        """The statement that waits for the stream in this path, and its names."""
        return "synchronize()", {"synchronize": self.session.stream.synchronize}

    def _call(self, buffers: Buffers, variant: str, nargs: int) -> BoundCall:
        """The launch, without any waiting; behind a block the result is read."""
        call = self.launch_call(self.launch_of(buffers, nargs), variant)
        names, teardown = self._reading(buffers)
        call = replace(call, names={**call.names, **names}, teardown=teardown)
        return keeping(call, (self, buffers, call.owner))

    def _reading(self, buffers: Buffers) -> tuple[dict[str, Any], tuple[str, ...]]:
        if buffers.owner is None:
            return {}, ()
        return {"read_result": lambda: self.session.to_host(buffers.owner)[0].item()}, ("_value = read_result()",)

    def held(self, call: BoundCall) -> BoundCall:
        """The same launches with the stream held back: nothing drains, and nothing pushes back."""
        names = {"hold": self.session.hold, "release": self.session.release}
        return replace(
            call, names={**call.names, **names}, setup=(*call.setup, "hold()"), finish=(), after=(),
            teardown=("release()", *call.teardown),
        )  # fmt: skip

    def case_parts(self, case: Case, buffers: Buffers) -> dict[str, BoundCall]:
        nargs = dict(case.params).get("nargs", 0)
        parts = {"held": self.held(self._call(buffers, case.variant, nargs))}
        nothing = self.nothing_call(self.launch_of(buffers, nargs), case.variant)
        return parts | ({"nothing": keeping(nothing, nothing.owner)} if nothing else {})

    def nothing_call(self, launch: Launch, variant: str) -> BoundCall | None:
        """The same call of a C function that does nothing, None where the path cannot be turned to one."""
        return None

    def stamp(self, variant: str) -> BoundCall | None:
        """A launch of ffis_stamp on the session's pinned words, ticket 1; None where the path has its own kernels."""
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
        reading, teardown = self._reading(buffers)
        # looked at behind the block, for a crossing that launched less is no quick one
        call = BoundCall(
            "(_error := launch_n(prepared, times))", names | reading, setup=("_error = 0",),
            teardown=("check(_error, 'launching in a loop')", *teardown),
        )  # fmt: skip
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

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        outputs = (a.name for a in buffers.kernel.buffers if a.role == "out")
        return {name: self.session.to_host(buffers.placed[name]) for name in outputs}


def keeping(call: BoundCall, owner: object) -> BoundCall:
    """The call with its owner among its names: a loop that is made of it holds addresses, and nothing else of it."""
    return replace(call, names={**call.names, "_owner": owner}, owner=owner)


def _as_array(value: Any) -> Any:
    return np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
