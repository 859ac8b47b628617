"""Where the arguments of one call lie in its region: slots, then inputs, then outputs.

A slot has eight bytes: a scalar in its low bytes, or a buffer's offset from the start of the region. Slots, inputs and
outputs stand in the order of the C parameters, each part aligned to 64 bytes.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ffi_spectrum.errors import BadArgument, Unavailable
from ffi_spectrum.kernels.spec import Argument, KernelSpec
from ffi_spectrum.remote import frame
from ffi_spectrum.remote.slot import slot_format
from ffi_spectrum.toolchain.header import Prototype

# An answer's header and result, which stand before the outputs.
RESULT_OFFSET = frame.HEADER.size
ANSWER_HEAD_NBYTES = frame.HEADER.size + frame.ALIGNMENT
_ids = itertools.count(1)


@dataclass(frozen=True)
class Signature:
    """A kernel as the wire knows it: its number (its place in the header), and the codecs of slots and result."""

    index: int
    kernel: KernelSpec
    prototype: Prototype

    @cached_property
    def slots(self) -> struct.Struct:
        """One slot per parameter, in order, padded to the alignment."""
        text = "".join(slot_format(parameter.type) for parameter in self.prototype.parameters)
        nbytes = 8 * len(self.prototype.parameters)
        return struct.Struct(f"<{text}{frame.padded(nbytes) - nbytes}x")

    @cached_property
    def result(self) -> struct.Struct:
        """The result's slot; unpacks to nothing for a kernel that returns nothing."""
        return struct.Struct("<" + slot_format(self.prototype.returns))

    @cached_property
    def arguments(self) -> tuple[Argument, ...]:
        """The spec's arguments in the order of the C parameters; raises Unavailable where a parameter has no role."""
        by_name = {argument.name: argument for argument in self.kernel.arguments}
        missing = [p.name for p in self.prototype.parameters if p.name not in by_name]
        if missing:
            raise Unavailable(f"{self.prototype.symbol}: the spec has no role for the parameter {missing[0]!r}; add it")
        return tuple(by_name[parameter.name] for parameter in self.prototype.parameters)

    def unpack_result(self, content: bytes | bytearray | memoryview, offset: int = RESULT_OFFSET) -> Any:
        """The result in an answer (or at another offset), None for a kernel that returns nothing."""
        values = self.result.unpack_from(content, offset)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Block:
    """A buffer in a region: which parameter it is, what its elements are in memoryview's words, and where it lies."""

    position: int
    argument: Argument
    element: str
    offset: int
    nbytes: int

    @property
    def is_written(self) -> bool:
        return self.argument.role == "out"

    @property
    def end(self) -> int:
        return self.offset + self.nbytes

    @property
    def padding(self) -> int:
        """Bytes between this block and the next part of the region."""
        return frame.padded(self.nbytes) - self.nbytes


class Layout:
    """The region of one kernel at given dimensions.

    A request carries the region up to `inputs_end`, a multiple of 64, where the outputs start; an answer the rest, up
    to `region_nbytes`. `id` is this layout's alone, so that the answer to another call is never taken for its own.
    Raises BadArgument where a length is no uint32, or the region is over the limit.
    """

    def __init__(self, signature: Signature, dims: Mapping[str, int]) -> None:
        self.signature = signature
        self.dims = dims
        self.id = next(_ids)
        self.check_lengths(signature, dims)
        self.inputs, self.inputs_end, _ = self._lay("in", signature.slots.size)
        self.outputs, _, end = self._lay("out", self.inputs_end)
        self.region_nbytes = max(end, self.inputs_end)
        self.blocks = (*self.inputs, *self.outputs)
        if self.region_nbytes > frame.LIMIT_NBYTES:
            raise BadArgument(
                f"{signature.kernel.name}: a call with {dict(dims)} needs {self.region_nbytes} bytes, and the limit of "
                f"a request is {frame.LIMIT_NBYTES}: make several calls of it"
            )

    def request(self, op: int = frame.CALL, times: int = 1) -> frame.Header:
        """The header of a call; one on shared memory carries the slots only."""
        if op == frame.CALL_SHARED:
            return frame.Header(op, self.signature.index, frame.OK, self.id, times, self.signature.slots.size)
        nbytes, region_nbytes = self.inputs_end, self.region_nbytes
        return frame.Header(op, self.signature.index, frame.OK, self.id, times, nbytes, region_nbytes)

    def answer(self, request: frame.Header) -> frame.Header:
        """The header of the answer to `request`."""
        outputs_nbytes = max(request.region_nbytes - self.inputs_end, 0)
        return request._replace(nbytes=frame.ALIGNMENT + outputs_nbytes, region_nbytes=0)

    def pack_slots(self, values: Mapping[str, Any], offsets: Mapping[str, int] | None = None) -> bytes:
        """The slots: scalars from `values`, lengths from the dimensions, buffers at their own or at other offsets.

        Raises BadArgument for a scalar that its C type cannot hold.
        """
        places = {block.argument.name: block.offset for block in self.blocks} | dict(offsets or {})
        known = {**values, **self.dims, **places}
        try:
            return self.signature.slots.pack(*(known[p.name] for p in self.signature.prototype.parameters))
        except (struct.error, OverflowError) as error:
            raise BadArgument(f"{self.signature.kernel.name}: {error}") from error

    @staticmethod
    def check_lengths(signature: Signature, dims: Mapping[str, int]) -> None:
        """Raise BadArgument for a length that is no uint32."""
        for argument in signature.arguments:
            if argument.role == "length":
                count = dims[argument.name]
                if type(count) is not int or not 0 <= count < 2**32:
                    raise BadArgument(f"{signature.kernel.name}, argument {argument.name!r}: {count!r} is no uint32")

    def _lay(self, role: str, start: int) -> tuple[tuple[Block, ...], int, int]:
        """The blocks of one role from `start`, the first free aligned offset behind them, and their own end."""
        blocks, end = [], start
        for position, argument in enumerate(self.signature.arguments):
            if argument.role == role:
                dtype = np.dtype(argument.element)
                nbytes = math.prod(self.dims[name] for name in argument.shape) * dtype.itemsize
                blocks.append(Block(position, argument, dtype.char, start, nbytes))
                end = blocks[-1].end
                start = frame.padded(end)
        return tuple(blocks), start, end
