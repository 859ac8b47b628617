"""What all rungs of this process's device share: the session, arrays on the device, holding the stream, the wait."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ffi_spectrum.case import Case, Form, Placement, Strategy
from ffi_spectrum.device.arrays import DeviceArrays, place
from ffi_spectrum.device.geometry import GEOMETRY
from ffi_spectrum.device.launch import NOOP_ARGUMENTS
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

# Graphs, copies, kernels of known length and what else measure/device/ tries in the panel of noop, as seen on an H100
# (docs/results/device-h100.jsonl: latencies_ms of the panel's processes).
_TRIALS_S = 6.4
NOT_NUMERIC = "only the numeric kernels have a CUDA source"
# In the row of each: what launching is, whoever asks for it.
_COMMON = RungInfo(
    name="", purpose="", gil="released", checks=frozenset(), copies="none: the arrays live on the device",
    errno="not touched", needs="an NVIDIA driver and device; the extra `gpu`", native_code="libcuda",
    crash="a kernel that fails makes the device unusable for the process", cells=(("fresh", "device"),),
    strategies=("per_call", "pipelined"), panel_group="device", agreement="tolerance", ns_per_operation=1e-3,
    ns_per_call=15_000, startup_s=0.2, beside_s={"noop": _TRIALS_S},
)  # fmt: skip


def device_info(form: Form, **own: Any) -> RungInfo:
    """The info of such a rung: `fresh` where it converts arguments at each call, `prebound` where they are ready."""
    return replace(_COMMON, cells=((form, "device"),), **own)


class DeviceRung(Rung):
    """A rung whose arrays live on the device: `per_call` synchronises after each call, `pipelined` once, late."""

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

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        arrays = place(self.session, workload)
        return Buffers(workload, placement, arrays.placed, owner=arrays)

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        return arrays_of(buffers).outputs()

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        return self._bind_strategy(buffers, form, variant, "per_call", {})

    def _bind_strategy(
        self, buffers: Buffers, form: Form, variant: str, strategy: Strategy, params: Mapping[str, int]
    ) -> BoundCall:
        call = self._call(buffers, variant, params.get("nargs", 0))
        wait, names = self.waiting(variant)
        # behind the block: what failed on the device gets its type, also where a path's wait only returns a code
        names = {**call.names, **names, "settle": self.session.synchronize}
        call = replace(call, names=names, teardown=("settle()", *call.teardown))
        return replace(call, after=(wait,)) if strategy == "per_call" else replace(call, finish=(wait,))

    def waiting(self, variant: str) -> tuple[str, Mapping[str, Any]]:
        """The statement that waits for the stream in this rung, and its names."""
        return "synchronize()", {"synchronize": self.session.stream.synchronize}

    @abstractmethod
    def _call(self, buffers: Buffers, variant: str, nargs: int) -> BoundCall:
        """The call of the kernel as this rung's user writes it, without any waiting; `nargs` is noop's."""

    def held(self, call: BoundCall) -> BoundCall:
        """The same launches with the stream held back: nothing drains, and nothing pushes back."""
        names = {"hold": self.session.hold, "release": self.session.release}
        return replace(
            call, names={**call.names, **names}, setup=(*call.setup, "hold()"), finish=(), after=(),
            teardown=("release()", *call.teardown),
        )  # fmt: skip

    def case_parts(self, case: Case, buffers: Buffers) -> dict[str, BoundCall]:
        return {"held": self.held(self._call(buffers, case.variant, dict(case.params).get("nargs", 0)))}


def arrays_of(buffers: Buffers) -> DeviceArrays:
    """What `place` of a DeviceRung put on the device."""
    return cast("DeviceArrays", buffers.owner)


def keeping(call: BoundCall, owner: object) -> BoundCall:
    """The call with its owner among its names: a loop that is made of it holds addresses, and nothing else of it."""
    return replace(call, names={**call.names, "_owner": owner}, owner=owner)
