"""What the rungs share that ask their worker through a channel: how calls are bound, pipelined and placed on CPUs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ffi_spectrum.case import Form, Placement, Strategy
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.remote.channel import Channel
from ffi_spectrum.remote.cores import worker_cpu
from ffi_spectrum.remote.layout import Layout, Signature
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.remote.window import Pipeline, Window
from ffi_spectrum.rungs.base import BoundCall, Buffers
from ffi_spectrum.rungs.far_lists import FarLists
from ffi_spectrum.rungs.far_rung import FarRung
from ffi_spectrum.rungs.guest_memory import GuestMemory

Call = Callable[[], Any]


class Client(ABC):
    """A transport as a bound call sees it (a Link of far_rung.py); it outlives the rung that made it."""

    channel: Channel
    memory: GuestMemory  # what the worker has mapped, too: only where there is the placement "shared"
    lists: FarLists  # only where there is the strategy "replayed"

    @property
    def worker(self) -> WorkerProcess:
        return self.channel.worker

    def set_deadline(self, deadline_s: float) -> None:
        self.channel.set_deadline(deadline_s)

    def count(self, kernel: int) -> int | None:
        return self.channel.count(kernel)

    @abstractmethod
    def prebound(self, layout: Layout, buffers: Buffers, variant: str, times: int = 1) -> Call:
        """A call with everything prepared; it runs the kernel `times` times on the far side."""

    @abstractmethod
    def fresh(self, signature: Signature, placement: Placement, variant: str) -> Callable[..., Any]:
        """The kernel as a function of its C parameters."""

    @abstractmethod
    def pipeline(self, layout: Layout, buffers: Buffers, variant: str, window: int) -> tuple[int, Pipeline]:
        """The prebound call in two halves, and how many can be outstanding: `window`, or fewer if they are large."""

    @abstractmethod
    def parts(self, layout: Layout, buffers: Buffers, form: Form, variant: str) -> Mapping[str, Call]:
        """Pieces of a call; see Rung.parts."""


class RemoteRung(FarRung[Client]):
    """A rung with a worker process that is asked through a Channel."""

    def layout(self, buffers: Buffers) -> Layout:
        """Where the buffers' values lie in a request; raises BadArgument where they are too many."""
        return Layout(self.signature(buffers.kernel), buffers.workload.dims)

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        name = buffers.kernel.name
        replay = self._replay(buffers)
        if replay is not None:
            return replay
        if form == "prebound" and not buffers.kernel.is_scalar:
            call = self.link.prebound(self.layout(buffers), buffers, variant)
            return BoundCall(f"{name}()", {name: call}, owner=buffers)
        signature = self.signature(buffers.kernel)
        function = self.link.fresh(signature, buffers.placement, variant)
        known = {**buffers.workload.dims, **buffers.placed}
        names = {argument.name: known[argument.name] for argument in signature.arguments}
        return BoundCall(f"{name}({', '.join(names)})", {**names, name: function}, owner=buffers)

    def _bind_strategy(
        self, buffers: Buffers, form: Form, variant: str, strategy: Strategy, params: Mapping[str, int]
    ) -> BoundCall:
        if strategy == "per_call" and set(params) == {"cores"}:
            return self._on_cores(self._bind(buffers, form, variant), params["cores"])
        if strategy == "pipelined" and set(params) == {"cores", "window"} and form == "prebound":
            size, pipeline = self.link.pipeline(self.layout(buffers), buffers, variant, params["window"])
            window = Window(size, pipeline, self.link.channel.abandon)
            names = {"submit": window.submit, "drain": window.drain}
            bound = BoundCall("submit()", names, owner=buffers, finish=("_value = drain()",))
            return self._on_cores(bound, params["cores"])
        raise Unavailable(f"{self.info.name} has no {strategy} with {dict(params)}; Rung.ways lists what it has")

    def _on_cores(self, bound: BoundCall, cores: int) -> BoundCall:
        """The call with its worker on another CPU than the client's (`cores` 2), or on the same."""
        return replace(bound, names={**bound.names, "_set_up": self._placer(cores)}, setup=("_set_up()",))

    def _placer(self, cores: int) -> Call:
        channel, cpu = self.link.channel, worker_cpu(cores)

        def set_up() -> None:
            channel.worker.place((cpu,))
            channel.ping()

        return set_up

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        name = f"repeat_{buffers.kernel.name}"
        prepare = partial(self.link.prebound, self.layout(buffers), buffers, variant)
        names = {name: lambda times: prepare(times)(), "times": 1}
        bound = BoundCall(f"{name}(times)", names, owner=buffers)
        try:
            return self._on_cores(bound, 2)
        except Unavailable:  # there is but one CPU
            return bound

    def parts(self, buffers: Buffers, form: Form, variant: str = "") -> dict[str, BoundCall]:
        found = self.link.parts(self.layout(buffers), buffers, form, variant)
        return {name: BoundCall(f"{name}()", {name: call}, owner=buffers) for name, call in found.items()}
