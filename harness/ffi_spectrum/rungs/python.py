"""Pure Python: the kernel rewritten as a Python programmer would, on lists and bytes. Nothing is crossed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ffi_spectrum.case import Form, Placement
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.kernels.spec import Expression, KernelSpec, Missing
from ffi_spectrum.kernels.workload import Workload
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, RungInfo


class Python(Rung):
    """The kernel's `python` expression: on lists when prebound; in fresh form ndarrays arrive and become lists."""

    info: ClassVar[RungInfo] = RungInfo(
        name="python",
        purpose="no native code at all: where calls are few or the work is small",
        gil="held",
        checks=frozenset({"count"}),
        copies="fresh: ndarray to list and back",
        errno="not applicable",
        needs="nothing",
        native_code="none",
        crash="cannot: errors are exceptions",
        agreement="tolerance",
        has_far_side=False,
        is_memory_safe=True,
        ns_per_operation=40,
    )
    source: ClassVar[str] = "python"

    @classmethod
    def missing(cls, kernel: KernelSpec, size: int) -> str:
        found: Expression | Missing = getattr(kernel, cls.source)
        return found.reason if isinstance(found, Missing) else ""

    def _place(self, workload: Workload, placement: Placement) -> Buffers:
        lengths = {a.name: workload.dims[a.name] for a in workload.kernel.arguments if a.role == "length"}
        placed = lengths | {name: self._own(value) for name, value in workload.values.items()}
        return Buffers(workload, placement, placed)

    def _own(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return bytearray(value.tobytes()) if value.dtype == np.uint8 else value.tolist()

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        found: Expression | Missing = getattr(buffers.kernel, self.source)
        if isinstance(found, Missing):
            raise Unavailable(found.reason)
        if form == "prebound":
            return self._inline(found, buffers)
        return self._fresh(found, buffers)

    def _fresh(self, found: Expression, buffers: Buffers) -> BoundCall:
        """The call on the caller's own ndarrays: inputs become lists, outputs are written back, inside the timing."""
        empty = {a.name for a in buffers.kernel.buffers if a.role == "out" and not buffers.workload.values[a.name].size}
        # an empty ndarray of shape (0, n) does not take an empty list of rows, so there the list stays
        buffers.placed |= {name: value for name, value in buffers.workload.values.items() if name not in empty}
        before, call = [], found.call
        for argument in buffers.kernel.buffers:
            own, written = f"{argument.name}_own", re.search(rf"\b{argument.name}\b", found.call)
            if argument.role == "in" and argument.dtype != "bytes":
                before.append(f"{own} = {argument.name}.tolist()")
            elif argument.role == "out" and argument.element == "uint8" and written:
                before.append(f"{own} = memoryview({argument.name})")
            else:
                continue
            call = re.sub(rf"\b{argument.name}\b", own, call)
        return self._inline(replace(found, call=call), buffers, tuple(before))

    def _inline(self, found: Expression, buffers: Buffers, before: tuple[str, ...] = ()) -> BoundCall:
        text = " ".join((found.call, *before))
        names = {name: value for name, value in buffers.placed.items() if re.search(rf"\b{name}\b", text)}
        return BoundCall(found.call, {**found.names, **names}, before, value_of=found.value_of, owner=buffers)

    def fetch(self, buffers: Buffers) -> dict[str, Any]:
        outputs = {}
        for argument in buffers.kernel.buffers:
            if argument.role == "out":
                shape = tuple(buffers.workload.dims[name] for name in argument.shape)
                outputs[argument.name] = np.asarray(buffers.placed[argument.name], argument.element).reshape(shape)
        return outputs
