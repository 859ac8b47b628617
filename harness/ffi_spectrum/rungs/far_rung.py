"""What every rung has whose kernels run in another process, however they are reached."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from ffi_spectrum.case import Case, Placement
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.derived import WORDS
from ffi_spectrum.kernels.shapes import shapes_of
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.remote.frame import LIMIT_NBYTES
from ffi_spectrum.remote.layout import Signature
from ffi_spectrum.remote.process import WorkerProcess
from ffi_spectrum.rungs.base import WIDE, WIDE_CALLS, BoundCall, Buffers, Rung, read_prototypes
from ffi_spectrum.rungs.far_lists import FarLists
from ffi_spectrum.rungs.guest_memory import GuestMemory
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.batch_source import REPLAY
from ffi_spectrum.toolchain.generated import is_derived
from ffi_spectrum.toolchain.remote import worker_program
from ffi_spectrum.toolchain.served import serve

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain

DEADLINE_S = 10.0
# Of a request of the largest size, what slots and alignment may take.
_OVERHEAD_NBYTES = 4096


class Link(Protocol):
    """The connection to a worker. It outlives the rung that made it, if calls are bound to it."""

    @property
    def worker(self) -> WorkerProcess: ...

    @property
    def memory(self) -> GuestMemory:
        """Memory that both have mapped; asked for only where the rung has the placement "shared"."""

    @property
    def lists(self) -> FarLists:
        """Recorded lists; asked for only where the rung has the strategy "replayed"."""

    def set_deadline(self, deadline_s: float) -> None:
        """Change how long every later call may wait."""

    def count(self, kernel: int) -> int | None:
        """How often the kernel of this number was entered; None in a build that does not count."""


L = TypeVar("L", bound=Link)


class FarRung(Rung, Generic[L]):
    """A rung with a worker process: one for each open rung, ended when the last call that was bound has gone.

    `deadline_s` is how long a call waits for the worker before the connection is given up.
    """

    # Variants with the placements "shared" and "device", and those whose worker must not share the client's CPU.
    shared_variants: ClassVar[frozenset[str]] = frozenset()
    spinning_variants: ClassVar[frozenset[str]] = frozenset()
    windows: ClassVar[tuple[int, ...]] = (1, 8, 64)
    # Batches and recorded lists lie where both sides have them; in other rungs they are sent.
    wide_placement: ClassVar[Placement] = "shared"
    wide_variant: ClassVar[str] = ""

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        super().__init__(artifacts)
        self._deadline_s = DEADLINE_S
        self._link: L | None = None

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        return {
            "library": toolchain.native_library(),
            "prototypes": toolchain.prototypes(toolchain.target),
            "worker": cls._build_worker(toolchain),
        }

    @classmethod
    def _build_worker(cls, toolchain: Toolchain) -> Artifact:
        """What the worker process runs: the C program, unless a rung has another."""
        return worker_program(toolchain, shapes_of(KERNELS.values()))

    @abstractmethod
    def _connect(self) -> L:
        """Start a worker and connect to it; raises Unavailable and CallError."""

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        nbytes, limit = kernel.nbytes(kernel.dims(size)), LIMIT_NBYTES - _OVERHEAD_NBYTES
        return f"{nbytes} bytes of buffers; a request may carry {limit}" if nbytes > limit else ""

    @classmethod
    def ways(cls, kernel: KernelSpec) -> Iterator[Case]:
        cells = (("prebound", "none"),) if kernel.is_scalar else cls.info.cells
        for form, placement in cells:
            for variant in cls.info.variants.get(form, ("",)):
                if placement in ("shared", "device") and variant not in cls.shared_variants:
                    continue
                case = Case(kernel.name, 0, cls.info.name, form, placement, variant, "per_call", (("cores", 2),))
                yield case
                if form == "prebound" and placement in ("host", "none"):
                    if variant not in cls.spinning_variants:
                        yield replace(case, params=(("cores", 1),))
                    for window in cls.windows:
                        yield replace(case, strategy="pipelined", params=(("cores", 2), ("window", window)))
        wide = Case(kernel.name, 0, cls.info.name, "prebound", cls.wide_placement, cls.wide_variant)
        for strategy in cls.info.strategies:
            if strategy in WIDE:
                yield replace(wide, strategy=strategy, params=(("calls", WIDE_CALLS), ("cores", 2)))

    @property
    def deadline_s(self) -> float:
        return self._deadline_s

    @deadline_s.setter
    def deadline_s(self, seconds: float) -> None:
        self._deadline_s = seconds
        if self._link is not None:
            self._link.set_deadline(seconds)

    @property
    def link(self) -> L:
        """The open connection; raises RungClosed."""
        self.check_open()
        assert self._link is not None
        return self._link

    def _open(self) -> None:
        self._prototypes = read_prototypes(self.artifacts)
        kernels = [prototype for symbol, prototype in self._prototypes.items() if not is_derived(symbol)]
        served = serve(kernels, shapes_of(KERNELS.values()))
        self._numbers = {one.prototype.symbol: one.number for one in served}
        self._link = self._connect()

    def close(self) -> None:
        """Let go of the worker, which lives until the last bound call has gone."""
        super().close()
        self._link = None

    def worker_pid(self) -> int | None:
        return self._link.worker.pid if self._link is not None else None

    def count(self, kernel: KernelSpec) -> int | None:
        return self.link.count(self.signature(kernel).index)

    def signature(self, kernel: KernelSpec) -> Signature:
        """The kernel as the worker knows it; raises Unavailable where it has none of this name."""
        if kernel.symbol not in self._numbers:
            raise Unavailable(f"{self.info.name}: the worker has no {kernel.symbol}; build it again")
        return Signature(self._numbers[kernel.symbol], kernel, self._prototypes[kernel.symbol])

    def _address(self, value: Any) -> int:
        return self.link.lists.offset_of(value)

    def _replay(self, buffers: Buffers) -> BoundCall | None:
        """The call that replays a recorded list; None for any other kernel."""
        if buffers.kernel.symbol != REPLAY:
            return None
        if buffers.placement != "shared":
            raise Unavailable(f"{self.info.name}: a recorded list must lie in shared memory")
        return self.link.lists.bind(buffers.placed[WORDS], self.link)

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        buffers = super()._place(workload, placement)
        if placement == "shared":
            for argument in workload.kernel.buffers:
                value = workload.values[argument.name]
                view = self.link.memory.array([workload.dims[name] for name in argument.shape], argument.element)
                view[...] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
                buffers.placed[argument.name] = view
        return buffers

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        outputs = super().fetch(buffers)
        return {name: np.array(value) for name, value in outputs.items()} if buffers.placement == "shared" else outputs
