"""A call's arguments, checked and turned into slots and views: what the client of any transport does first."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from ffi_spectrum.errors import BadArgument
from ffi_spectrum.remote.layout import Block, Layout, Signature

# Plans that a client keeps: one for each combination of lengths that it was last called with.
PLANS_KEPT = 256

P = TypeVar("P")


class Encoder(Generic[P]):
    """Checks and encodes the arguments of one kernel's calls, in the order of its C parameters.

    What a transport needs to know of a layout is made once by `plan`, and handed out with each call of these lengths.
    Numbers must fit their C type. A buffer is any object with the buffer protocol whose elements have the right type,
    lie C-contiguous and are exactly as many as the lengths say; an output must be writable. BadArgument for others.
    """

    def __init__(self, signature: Signature, plan: Callable[[Layout], P], start: int = 0) -> None:
        self.signature = signature
        self._start = start
        self._name, arguments = signature.kernel.name, signature.arguments
        self._count = len(arguments)
        self._lengths = [i for i, argument in enumerate(arguments) if argument.role == "length"]
        names = [arguments[i].name for i in self._lengths]
        derived = [(name, compile(text, name, "eval")) for name, text in signature.kernel.derived.items()]

        # a function of its own: a method would hold the encoder, and so keep a worker until cycles are collected
        @lru_cache(PLANS_KEPT, typed=True)  # typed: 1, 1.0 and True are one key otherwise
        def plan_of(*lengths: int) -> tuple[tuple[Block, ...], P]:
            dims = dict(zip(names, lengths, strict=True))
            Layout.check_lengths(signature, dims)
            layout = Layout(signature, dims | {name: int(eval(code, {}, dims)) for name, code in derived})
            return layout.blocks, plan(layout)

        self._plan_of = plan_of

    def encode(
        self, arguments: Sequence[Any], offset_of: Callable[[Any], int] | None = None
    ) -> tuple[P, bytes, list[memoryview]]:
        """The plan, the slots, and a view of each buffer: inputs first, then outputs.

        Slots point into the layout's own region, which begins at `start`, or (`offset_of`) to where the buffers lie
        already.
        """
        if len(arguments) != self._count:
            raise BadArgument(f"{self._name} takes {self._count} arguments, and got {len(arguments)}")
        values, views, start = list(arguments), [], self._start
        try:
            blocks, plan = self._plan_of(*[arguments[i] for i in self._lengths])
            for block in blocks:
                value = values[block.position]
                view = memoryview(value)
                is_right = view.nbytes == block.nbytes and view.format == block.element and view.c_contiguous
                if not is_right or (view.readonly and block.is_written):
                    raise self._refusal(block, view)
                values[block.position] = start + block.offset if offset_of is None else offset_of(value)
                views.append(view)
            return plan, self.signature.slots.pack(*values), views
        except (TypeError, ValueError, BufferError, OverflowError, struct.error) as error:
            raise BadArgument(f"{self._name}: {error}") from error

    def _refusal(self, block: Block, view: memoryview) -> BadArgument:
        wanted = f"{block.nbytes} contiguous bytes of {block.argument.element}"
        got = f"{'' if view.c_contiguous else 'strided, '}{view.nbytes} bytes of format {view.format!r}"
        if view.readonly and block.is_written:
            wanted, got = f"writable {wanted}", f"{got}, read-only"
        return BadArgument(f"{self._name}, argument {block.argument.name!r}: expected {wanted}, got {got}")
