"""What the rungs share whose worker owns a device: how it is found and started, and arrays that live on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ffi_spectrum.case import Placement
from ffi_spectrum.device.elsewhere import find_elsewhere
from ffi_spectrum.device.geometry import GEOMETRY
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.interpreter import command
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.rungs.base import Buffers, RungInfo
from ffi_spectrum.rungs.device_memory import ARENA_NBYTES, SHARED_NBYTES, DeviceMemory
from ffi_spectrum.rungs.device_rung import NOT_NUMERIC
from ffi_spectrum.rungs.remote_rung import Client, RemoteRung
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.cubin import cubin
from ffi_spectrum.toolchain.launcher import launcher_library

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

WORKER = "ffi_spectrum.remote.device_worker"
# The interpreter, NumPy, the driver and its context, and the memory that is pinned.
STARTUP_DEADLINE_S = 60.0
_COMMON = RungInfo(
    name="", purpose="", gil="released",
    checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}), copies="",
    errno="not carried over", needs="an NVIDIA driver and device; the extra `gpu`", native_code="none",
    crash="ends the worker, or makes the device unusable for it alone: open the rung again",
    strategies=("per_call", "pipelined"), panel_group="out-of-process", agreement="tolerance", ns_per_operation=1e-3,
    startup_s=0.9,
)  # fmt: skip


def far_device_info(**own: Any) -> RungInfo:
    """The info of such a rung."""
    return replace(_COMMON, **own)


class FarDevice(RemoteRung):
    """A rung whose worker alone maps the driver's library; see remote/device_kernels.py for where buffers may lie.

    What fails on the device is a DeviceError of the call. After DeviceLost every call is one: a rung that is opened
    again has a worker, and a context, of its own.
    """

    # the module whose `open_engine` gives the worker its device
    engine: ClassVar[str] = "ffi_spectrum.device.engine"
    # a longer window only queues: the worker waits for each kernel before it answers
    windows = (1, 8)
    # after a pause worker and device are cold: a block of one or two calls would be about that
    least_calls: ClassVar[int] = 16

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        """The cubin takes the library's place: the worker has to have loaded the same."""
        found = find_elsewhere()
        if found.absence:
            raise Unavailable(found.absence)
        library = cubin(toolchain, found.architecture)
        prototypes = toolchain.prototypes(toolchain.target)
        return {"library": library, "prototypes": prototypes, "worker": cls._build_worker(toolchain)}

    @classmethod
    def _build_worker(cls, toolchain: Toolchain) -> Artifact:
        return launcher_library(toolchain)

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        reason = cls._absence() or ("" if kernel.name in GEOMETRY else NOT_NUMERIC)
        return reason or super().missing(kernel, size)

    @classmethod
    def _absence(cls) -> str:
        return find_elsewhere().absence

    def _start_worker(
        self, memory: DeviceMemory, mode: str, *rest: str | Path | int, pass_fds: Sequence[int] = ()
    ) -> WorkerProcess:
        """A worker that serves `mode` (see remote/device_worker.py), to which `memory` is handed over."""
        paths = [str(self.artifacts[name].path) for name in ("library", "worker", "prototypes")]
        sizes = [str(memory.fd), str(SHARED_NBYTES), str(ARENA_NBYTES)]
        return WorkerProcess(
            command(WORKER), [self.engine, *paths, *sizes, mode, *map(str, rest)],
            self.artifacts["library"].facts["sha256"], given_fds=[memory.fd], pass_fds=pass_fds,
            startup_deadline_s=STARTUP_DEADLINE_S,
        )  # fmt: skip

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        buffers = super()._place(workload, placement)
        if placement == "device":
            memory, copy = _reach(self.link)
            for argument in workload.kernel.buffers:
                array = memory.resident([workload.dims[name] for name in argument.shape], argument.element)
                memory.upload(array, workload.values[argument.name], copy)
                buffers.placed[argument.name] = array
            buffers.owner = self.link
        return buffers

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        outputs = super().fetch(buffers)
        if buffers.placement != "device":
            return outputs
        memory, copy = _reach(cast("Client", buffers.owner))
        return {name: memory.download(array, copy) for name, array in outputs.items()}


def _reach(client: Client) -> tuple[DeviceMemory, Callable[[int, int, int], object]]:
    """The client's memory, and what copies between its two parts."""
    return cast("DeviceMemory", client.memory), partial(_copy, client)


def _copy(client: Client, to: int, source: int, nbytes: int) -> None:
    body = frame.COPY_SLOTS.pack(to, source, nbytes)
    cast("Any", client.channel).request(frame.Header(frame.COPY, nbytes=len(body)), body)
