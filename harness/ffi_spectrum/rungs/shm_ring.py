"""A worker process behind a ring in shared memory, called through a generated C extension."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from ffi_spectrum.case import Form, Placement, Strategy
from ffi_spectrum.errors import BadArgument, Unavailable
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.remote.cores import worker_cpu
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo, address_of, c_arguments
from ffi_spectrum.rungs.far_lists import FarLists
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.guest_memory import GuestMemory
from ffi_spectrum.rungs.ring import ARENA_NBYTES, STAGING_NBYTES, WAITING, Failures, Waiting, start_worker
from ffi_spectrum.rungs.sealed_memory import SharedArena, sealed_memfd
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.extension import load_extension
from ffi_spectrum.toolchain.ring_source import ring_source

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

MODULE_NAME = "_ffis_ring"


class RingLists(FarLists):
    """The lists of a channel of the extension, whose arena starts at `start` of the shared memory."""

    def __init__(self, channel: Any, memory: GuestMemory, start: int) -> None:
        super().__init__()
        self._channel, self._memory, self._start = channel, memory, start

    def offset_of(self, array: Any) -> int:
        offset = self._memory.address_of(array)
        if not 0 <= offset <= ARENA_NBYTES - array.nbytes:
            raise BadArgument("the array is not in the memory shared with the worker: place it there with this rung")
        return self._start + offset

    def _record(self, offset: int, count: int, stride: int) -> int:
        return int(self._channel.record(offset, count, stride))

    def _forget(self, id_: int) -> None:
        self._channel.forget(id_)

    def _replay(self, id_: int) -> BoundCall:
        return BoundCall("replay(list)", {"replay": self._channel.replay, "list": id_})


class Ring:
    """The channel of the extension, its worker, and the arena for arrays; its first request is number `first`."""

    def __init__(
        self, module: ModuleType, artifacts: Mapping[str, Artifact], deadline_s: float, first: int = 0
    ) -> None:
        nbytes = module.RING_NBYTES + STAGING_NBYTES + ARENA_NBYTES
        failures = Failures(deadline_s)
        fd = sealed_memfd(nbytes)
        try:
            self.channel: Any = module.Channel(fd, nbytes, STAGING_NBYTES, failures, first)
        except BaseException:
            os.close(fd)
            raise
        self.worker = failures.worker = start_worker(artifacts, fd, nbytes)
        self.channel.watch(self.worker.pidfd)
        self.memory = GuestMemory(self.channel, SharedArena(0, ARENA_NBYTES))
        self.lists = RingLists(self.channel, self.memory, module.RING_NBYTES + STAGING_NBYTES)
        self._failures = failures
        self._cpu: int | None = None
        self.set_deadline(deadline_s)

    def set_deadline(self, deadline_s: float) -> None:
        self._failures.deadline_s = deadline_s
        self.channel.configure(deadline_ns=int(deadline_s * 1e9))

    def count(self, kernel: int) -> int | None:
        found: int | None = self.channel.count(kernel)
        return found

    def prepare(self, waiting: Waiting, window: int, cpu: int | None) -> None:
        """Have both sides wait in this way, with the worker awake and on `cpu` (None: wherever it is)."""
        if cpu is not None and cpu != self._cpu:
            self.worker.place((cpu,))
            self._cpu = cpu
        self.channel.configure(spin_ns=waiting.spin_ns, worker_spin_ns=waiting.worker_spin_ns, window=window)
        self.channel.unpark()


class ShmRing(FarRung[Ring]):
    """`K(...)` takes buffers (the fresh form), `K_at(...)` takes addresses (the prebound form), as in cext.

    A buffer that lies in the arena (the placement "shared") stays where it is; any other is copied in and out.
    """

    info: ClassVar[RungInfo] = RungInfo(
        name="shm_ring",
        purpose="the nearest other process: its crash costs a call, and not the program",
        gil="released",  # for the wait, unless it is over within 2 us
        checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}),
        copies="host: into and out of shared memory; shared: none",
        errno="not carried over",
        needs="a C compiler and the CPython headers, for each CPython version",
        native_code="the extension",
        crash="ends the worker: the call raises FarSideDied",
        cells=(("prebound", "host"), ("prebound", "shared"), ("fresh", "host"), ("fresh", "shared")),
        variants={"prebound": tuple(WAITING), "fresh": tuple(WAITING)},
        strategies=("per_call", "pipelined", "batched", "replayed"),
        panel_group="out-of-process",
        ns_per_call=20_000,
        ns_per_byte=0.15,
        startup_s=0.02,
    )
    shared_variants = frozenset(WAITING)
    wide_variant = "spin"
    spinning_variants = frozenset({"spin", "hybrid"})

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        source = ring_source(MODULE_NAME, toolchain.kernels(toolchain.target), shapes_of(KERNELS.values()))
        return {**super().build(toolchain), "extension": toolchain.extension(MODULE_NAME, source)}

    def _connect(self) -> Ring:
        return Ring(load_extension(MODULE_NAME, self.artifacts["extension"]), self.artifacts, self.deadline_s)

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        if placement == "shared":
            self.link.channel.drain()  # a call that Ctrl-C cut short may still write to what has been let go
        return super()._place(workload, placement)

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        return self._awake(self._call(buffers, form), variant)

    def _bind_strategy(
        self, buffers: Buffers, form: Form, variant: str, strategy: Strategy, params: Mapping[str, int]
    ) -> BoundCall:
        if strategy == "per_call" and set(params) == {"cores"}:
            return self._awake(self._call(buffers, form), variant, params["cores"])
        if strategy == "pipelined" and set(params) == {"cores", "window"} and form == "prebound":
            bound = replace(self._call(buffers, form, "_submit"), finish=("_value = drain()",))
            bound = replace(bound, names={**bound.names, "drain": self.link.channel.drain})
            return self._awake(bound, variant, params["cores"], params["window"])
        raise Unavailable(f"{self.info.name} has no {strategy} with {dict(params)}; Rung.ways lists what it has")

    def _call(self, buffers: Buffers, form: Form, suffix: str = "") -> BoundCall:
        """The method for this form, or with `suffix` its sibling, on the kernel's arguments."""
        replay = self._replay(buffers)
        if replay is not None:
            return replay
        takes_addresses = form == "prebound" and not buffers.kernel.is_scalar
        suffix += "_at" if takes_addresses and suffix != "_submit" else ""
        names = self._arguments(buffers, takes_addresses)
        return self._method(f"{buffers.kernel.name}{suffix}", names, buffers)

    def _arguments(self, buffers: Buffers, as_addresses: bool) -> dict[str, Any]:
        rows = c_arguments(buffers.workload, self.signature(buffers.kernel).prototype)
        known = {parameter.name: buffers.placed.get(parameter.name, value) for parameter, _, value in rows}
        is_address = {parameter.name: as_addresses and argument.is_buffer for parameter, argument, _ in rows}
        return {name: address_of(value) if is_address[name] else value for name, value in known.items()}

    def _method(self, name: str, arguments: Mapping[str, Any], owner: object) -> BoundCall:
        names = {**arguments, name: getattr(self.link.channel, name)}
        return BoundCall(f"{name}({', '.join(arguments)})", names, owner=(self.link, owner))

    def _awake(self, bound: BoundCall, variant: str, cores: int = 0, window: int = 1) -> BoundCall:
        """The call with a worker that is awake during a block, and parked before and after."""
        cpu = worker_cpu(cores) if cores else None
        set_up = partial(self.link.prepare, WAITING[variant or "hybrid"], window, cpu)
        names = {**bound.names, "_set_up": set_up, "_park": self.link.channel.park}
        return replace(bound, names=names, setup=("_set_up()",), teardown=("_park()",))

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        arguments = {"times": 1, **self._arguments(buffers, True)}
        bound = self._method(f"repeat_{buffers.kernel.name}_at", arguments, buffers)
        try:
            return self._awake(bound, variant, 2)  # where a block with cores=1 left the worker, both would spin on one
        except Unavailable:  # there is but one CPU
            return self._awake(bound, "futex")

    def parts(self, buffers: Buffers, form: Form, variant: str = "") -> dict[str, BoundCall]:
        found = {"serialise": self._call(buffers, form, "_serialise")}
        if buffers.placement == "host":
            found["copy"] = self._copy(buffers.workload)
        return found

    def controls(self, workload: Workload) -> dict[str, BoundCall]:
        """Round trips of a cache line, calls of a kernel in a loop of C, and copies of the payload."""
        found = {"cache_line": self._method("echo", {"times": 1}, None)}
        plain = [kernel for kernel in KERNELS.values() if not kernel.arguments]
        for kernel in plain[:1]:
            arguments = {"kernel": self.signature(kernel).index, "times": 1}
            found["ring_c"] = self._method("round_trips", arguments, None)
        if workload.kernel.buffers:
            found["memcpy"] = self._copy(workload)
        try:
            return {name: self._awake(bound, "spin", 2) for name, bound in found.items()}
        except Unavailable:  # there is but one CPU, and no line to pass between two
            return {}

    def _copy(self, workload: Workload) -> BoundCall:
        """The payload into and out of the shared memory, `times` times."""
        arguments: dict[str, Any] = {"times": 1}
        for argument in workload.kernel.buffers:
            value = workload.values[argument.name]
            nbytes = len(value) if isinstance(value, bytes) else value.nbytes
            own = {"at": address_of(value), "nbytes": nbytes, "is_written": int(argument.role == "out")}
            arguments |= {f"{argument.name}_{key}": number for key, number in own.items()}
        return self._method("copy", arguments, workload)
