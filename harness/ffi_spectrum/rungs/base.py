"""What every rung promises, and nothing that only one of them needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ffi_spectrum.case import Case, Form, Params, Placement, Strategy
from ffi_spectrum.errors import RungClosed, Unavailable
from ffi_spectrum.rungs.info import Check as Check
from ffi_spectrum.rungs.info import RungInfo as RungInfo
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.generated import is_derived
from ffi_spectrum.toolchain.header import Parameter, Prototype, load_prototypes

if TYPE_CHECKING:
    from ffi_spectrum.kernels.spec import Argument, KernelSpec
    from ffi_spectrum.kernels.workload import Workload
    from ffi_spectrum.toolchain.build import Toolchain

# Strategies in which one crossing makes many calls, and how many where nothing else is asked for.
WIDE: tuple[Strategy, ...] = ("batched", "replayed")
WIDE_CALLS = 16


@dataclass(frozen=True, slots=True)
class BoundCall:
    """A call as a user would write it, ready to be inlined into a loop.

    `call` is an expression over `names`; `before` and `after` are statements around it (copies, say). The value of the
    expression is the result `value_of`: "return", or the name of an output that the call hands back. `owner` keeps
    alive whatever the names point into.

    Around a block of such calls stand `setup` and `teardown`, which are not timed (a worker is woken and parked), and
    `finish`, which is: it waits for what is outstanding and leaves the last call's value in `_value`.
    """

    call: str
    names: Mapping[str, Any]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    value_of: str = "return"
    owner: object = None
    setup: tuple[str, ...] = ()
    finish: tuple[str, ...] = ()
    teardown: tuple[str, ...] = ()


@dataclass(slots=True)
class Buffers:
    """A workload after `place`: `placed` is the rung's own view of it, by argument name."""

    workload: Workload
    placement: Placement
    placed: dict[str, Any] = field(default_factory=dict)
    owner: object = None

    @property
    def kernel(self) -> KernelSpec:
        return self.workload.kernel


class Rung(ABC):
    """A way to reach the kernels. One instance is opened once, and serves one process and one thread."""

    info: ClassVar[RungInfo]
    # where batches and recorded lists lie, so that the far side reads them without a copy
    wide_placement: ClassVar[Placement] = "host"
    # the fewest and most calls of a block: a stream that is held back drains nothing, and its queue is finite
    least_calls: ClassVar[int] = 1
    most_calls: ClassVar[int] = 10_000_000
    _prototypes: Mapping[str, Prototype] = {}

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        self.artifacts = artifacts
        self._is_open = False

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        """Build what the rung needs, by name; raises BuildError or Unavailable."""
        return {}

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        """Why this rung has no such kernel at this size ("" where it has)."""
        return ""

    def open(self) -> None:
        """Load what was built; raises Unavailable."""
        self._open()
        self._is_open = True

    def _open(self) -> None:  # noqa: B027 - a rung of pure Python has nothing to load
        """The rung's part of `open`."""

    def close(self) -> None:
        """Give back what can be given back; calls bound before stay safe, later binds raise RungClosed."""
        self._is_open = False

    def check_open(self) -> None:
        if not self._is_open:
            raise RungClosed(f"the rung {self.info.name} is closed: call open() before placing or binding")

    def place(self, workload: Workload, placement: Placement) -> Buffers:
        """Check the workload and put its buffers where the placement says; raises BadArgument or RungClosed."""
        self.check_open()
        workload.check()
        return self._place(workload, placement)

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        return Buffers(workload, placement, dict(workload.values))

    def bind(
        self,
        buffers: Buffers,
        form: Form,
        variant: str = "",
        strategy: Strategy = "per_call",
        params: Params = (),
    ) -> BoundCall:
        """The kernel's call on `buffers` as the rung's user writes it; raises Unavailable and RungClosed."""
        self.check_open()
        if strategy == "per_call" and not params:
            return self._bind(buffers, form, variant)
        return self._bind_strategy(buffers, form, variant, strategy, dict(params))

    @abstractmethod
    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall: ...

    def _bind_strategy(
        self, buffers: Buffers, form: Form, variant: str, strategy: Strategy, params: Mapping[str, int]
    ) -> BoundCall:
        """The same for what only some rungs have: another strategy than per_call, or parameters."""
        raise Unavailable(f"{self.info.name} has no {strategy} with {dict(params)}; Rung.ways lists what it has")

    def kernel_prototypes(self) -> dict[str, Prototype]:
        """The header's own functions by symbol, in its order; empty where the rung has no library."""
        return {symbol: p for symbol, p in self._prototypes.items() if not is_derived(symbol)}

    def far_address(self, buffers: Buffers, name: str) -> int:
        """Where the far side finds a buffer that was placed; raises Unavailable where that is no address of its own."""
        if "replayed" not in self.info.strategies or buffers.placement != self.wide_placement:
            raise Unavailable(
                f"{self.info.name}: the far side cannot address buffers with placement {buffers.placement}"
            )
        return self._address(buffers.placed[name])

    def _address(self, value: Any) -> int:
        """The far side's address of a buffer that lies where it can reach it."""
        return address_of(value)

    def parts(self, buffers: Buffers, form: Form, variant: str = "") -> dict[str, BoundCall]:
        """Pieces of the call that can be made alone: "serialise" (nothing is sent), "copy" (the payload only)."""
        return {}

    def case_parts(self, case: Case, buffers: Buffers) -> dict[str, BoundCall]:
        """The same for a case with parameters."""
        return self.parts(buffers, case.form, case.variant)

    def controls(self, workload: Workload) -> dict[str, BoundCall]:
        """What a panel with this rung should measure beside it, each one crossing for `times` round trips, by name."""
        return {}

    def worker_pid(self) -> int | None:
        """The process on the far side, None where it is our own."""
        return None

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        """One crossing that runs the kernel `times` times on the far side, `times` being a name that the caller sets.

        None where there is no far side: a pure Python rung's boundary is zero by definition.
        """
        return None

    def count(self, kernel: KernelSpec) -> int | None:
        """How often the kernel was entered on the far side (counting build only), None where there is none."""
        return None

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        """The outputs as ndarrays of the caller, by argument name."""
        return {a.name: buffers.placed[a.name] for a in buffers.kernel.buffers if a.role == "out"}

    @classmethod
    def ways(cls, kernel: KernelSpec) -> Iterator[Case]:
        """Every form, placement, variant and strategy in which this rung reaches `kernel`, as cases of size 0."""
        cells = (("prebound", "none"),) if kernel.is_scalar else cls.info.cells
        for form, placement in cells:
            for variant in cls.info.variants.get(form, ("",)):
                yield Case(kernel.name, 0, cls.info.name, form, placement, variant)
        for strategy in cls.info.strategies:
            if strategy in WIDE:
                params = (("calls", WIDE_CALLS),)
                yield Case(kernel.name, 0, cls.info.name, "prebound", cls.wide_placement, "", strategy, params)


def address_of(value: Any) -> int:
    """Where the elements of an ndarray or bytes lie; they must outlive the address."""
    return int((np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value).ctypes.data)


def c_arguments(workload: Workload, prototype: Prototype) -> list[tuple[Parameter, Argument, Any]]:
    """Parameter, role and value of every C argument, in order; a length's value is its dimension."""
    by_name = {argument.name: argument for argument in workload.kernel.arguments}
    rows = []
    for parameter in prototype.parameters:
        argument = by_name.get(parameter.name)
        if argument is None:
            raise Unavailable(f"{prototype.symbol}: the spec has no role for the parameter {parameter.name!r}; add it")
        value = workload.dims[argument.name] if argument.role == "length" else workload.values[argument.name]
        rows.append((parameter, argument, value))
    return rows


def read_prototypes(artifacts: Mapping[str, Artifact], pointer_nbytes: int = 8) -> dict[str, Prototype]:
    """The signatures that came with the artifacts, by symbol."""
    return load_prototypes(artifacts["prototypes"].path, pointer_nbytes)


def far_parameters(prototype: Prototype) -> tuple[Parameter, ...]:
    """The kernel's own parameters of a generated loop: without the function pointer and the count."""
    return tuple(p for p in prototype.parameters if p.name not in ("ffis_fn", "ffis_times"))
