"""What a worker serves: kernels and their batches, by number, and how many bytes each of their buffers has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.batch_source import batch_prototype, is_shared, step_name
from ffi_spectrum.toolchain.cext_source import Shapes
from ffi_spectrum.toolchain.conversion import buffer_nbytes
from ffi_spectrum.toolchain.header import Prototype

# FFIS_MAX_SLOTS and FFIS_BATCH of native/support/thunk.h
MAX_SLOTS = 12
BATCH_BIT = 0x10000

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Served:
    """A function that a request can name: its number, and the bytes of each buffer as a C expression that saturates."""

    number: int
    prototype: Prototype
    nbytes: Mapping[str, str]

    @property
    def is_batch(self) -> bool:
        return self.number >= BATCH_BIT

    @property
    def lengths(self) -> frozenset[str]:
        """The names of the parameters that say how large buffers are."""
        used = set(_NAME.findall(" ".join(self.nbytes.values())))
        return frozenset(p.name for p in self.prototype.parameters if p.type.kind != "p" and p.name in used)


def serve(kernels: Sequence[Prototype], shapes: Shapes) -> list[Served]:
    """The kernels, numbered in their order, and behind them their batches.

    A batch has its kernel's number with BATCH_BIT. There is none of a kernel whose calls cannot have their lengths in
    common, or whose batch would take more arguments than a request has slots. Raises BuildError for a kernel with too
    many, and for a pointer whose length no parameter gives, as nothing could keep a call within its region.
    """
    served = [Served(number, kernel, _kernel_nbytes(kernel, shapes)) for number, kernel in enumerate(kernels)]
    return [*served, *(batch for kernel in served for batch in _batches(kernel, shapes))]


def _kernel_nbytes(kernel: Prototype, shapes: Shapes) -> dict[str, str]:
    if len(kernel.parameters) > MAX_SLOTS:
        count = len(kernel.parameters)
        raise BuildError(f"{kernel.symbol} takes {count} arguments, and a request has room for {MAX_SLOTS}")
    own, found = shapes.get(kernel.symbol, {}), {}
    for p in kernel.parameters:
        if p.type.kind == "p":
            found[p.name] = buffer_nbytes(kernel, p, own.get(p.name, ()))
            if not found[p.name]:
                raise BuildError(f"{kernel.symbol}, {p.name}: no parameter gives its length; see KernelSpec.derived")
    return found


def _batches(kernel: Served, shapes: Shapes) -> Iterator[Served]:
    """The batch of a kernel, if there can be one."""
    batch = batch_prototype(kernel.prototype, 8)
    shared = {p.name for p in kernel.prototype.parameters if is_shared(p)}
    if len(batch.parameters) > MAX_SLOTS or not shared >= kernel.lengths:
        return
    nbytes = {}
    for p in batch.parameters:
        if p.name in kernel.nbytes:
            width = f"sizeof({p.type.pointee})"
            nbytes[p.name] = f"ffis_batched(ffis_count, {step_name(p)}, {width}, {kernel.nbytes[p.name]})"
        elif p.type.kind == "p":
            nbytes[p.name] = buffer_nbytes(batch, p, ("ffis_count",))
    yield Served(kernel.number | BATCH_BIT, batch, nbytes)
