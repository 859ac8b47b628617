"""A list of calls that is recorded once and replayed by one crossing: the CPU's counterpart of a device graph."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ffi_spectrum.case import Params
from ffi_spectrum.errors import BadArgument, Unavailable
from ffi_spectrum.kernels.derived import WORDS, replayed
from ffi_spectrum.kernels.spec import Argument
from ffi_spectrum.rungs.base import Buffers, Rung, c_arguments
from ffi_spectrum.toolchain.header import CType, Parameter, Prototype

_LETTERS = {
    "i4": "i",
    "i8": "q",
    "u4": "I",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
    "i1": "b",
    "u1": "B",
    "i2": "h",
    "u2": "H",
}
_UNWRITTEN = 0xA5A5A5A5A5A5A5A5


@dataclass(slots=True, eq=False)
class _Command:
    """A recorded call, which may stand in the list many times: its arguments, and what keeps them in place."""

    prototype: Prototype
    buffers: Buffers
    words: list[int]
    exports: list[memoryview] = field(default_factory=list)


class Recording:
    """Records the calls of one rung, on buffers that it has placed where its far side can reach them.

    Nothing is called while it records. What cannot be replayed is refused: buffers of another rung or of a closed one,
    and buffers that the far side cannot address (Unavailable). Recorded arrays cannot be resized from then on: NumPy
    refuses it, so that no recorded address ever dangles.
    """

    def __init__(self, rung: Rung, variant: str = "", params: Params = ()) -> None:
        rung.check_open()
        if "replayed" not in rung.info.strategies:
            raise Unavailable(f"{rung.info.name} has no far side that replays a list of calls")
        self._rung = rung
        self._way = (variant, params)
        self._prototypes = rung.kernel_prototypes()
        self._kernels = list(self._prototypes)
        self._commands: list[_Command] = []

    def add(self, buffers: Buffers, times: int = 1) -> int:
        """Record the kernel's call on `buffers`, `times` times; returns the first one's number in the list."""
        symbol = buffers.kernel.symbol
        self._rung.check_open()
        if times < 1:
            raise BadArgument(f"a call cannot be recorded {times} times: give one or more")
        if symbol not in self._prototypes:
            raise Unavailable(f"{symbol} is no kernel of this library, so that it cannot be recorded")
        prototype = self._prototypes[symbol]
        command = _Command(prototype, buffers, [self._kernels.index(symbol)])
        for parameter, argument, value in c_arguments(buffers.workload, prototype):
            if argument.is_buffer:
                command.words.append(self._rung.far_address(buffers, argument.name))
                command.exports.append(memoryview(buffers.placed.get(argument.name, value)))
            else:
                command.words.append(word_of(value, parameter))
        self._commands += [command] * times
        return len(self._commands) - times

    def finish(self, keep_order: bool = False) -> Recorded:
        """The list, ready to be replayed any number of times; at least one call is needed.

        Calls that no written buffer connects may run in another order, unless `keep_order`: grouped by kernel, the
        processor predicts where each goes.
        """
        if not self._commands:
            raise BadArgument("an empty recording: add a call before finishing it")
        order = range(len(self._commands)) if keep_order else _schedule(self._commands)
        return Recorded(self._rung, self._commands, order, *self._way)


class Recorded:
    """A recorded list of calls; `bound` replays all of it by one crossing.

    New data go into the recorded arrays themselves (`Buffers.placed`), new scalars through `set`.
    """

    def __init__(
        self, rung: Rung, commands: Sequence[_Command], order: Sequence[int], variant: str, params: Params
    ) -> None:
        self._commands = tuple(commands)
        self._rows = np.empty(len(order), np.intp)  # of each call, by its number
        self._rows[list(order)] = np.arange(len(order))
        distinct = dict.fromkeys(self._commands, 0)
        stride = 2 + max(len(command.prototype.parameters) for command in distinct)
        table = np.full((len(distinct), stride), _UNWRITTEN, np.uint64)
        for place, (row, command) in enumerate(zip(table, distinct, strict=True)):
            row[: len(command.words)] = command.words
            distinct[command] = place
        words = table[[distinct[self._commands[number]] for number in order]]
        self._buffers = rung.place(replayed(words), rung.wide_placement)
        self._rung = rung
        bound = rung.bind(self._buffers, "prebound", variant, params=params)
        # what the call needs, and not this object: a cycle would live until the collector comes, and so would its list
        self.bound = replace(bound, owner=(self._commands, self._buffers, bound.owner))

    def __len__(self) -> int:
        return len(self._commands)

    @property
    def _words(self) -> Any:
        return self._buffers.placed[WORDS]

    def set(self, number: int, name: str, value: float) -> None:
        """Change a scalar of the call `number`; raises BadArgument for anything else, and for what does not fit."""
        command = self._commands[number]
        names = [p.name for p in command.prototype.parameters]
        roles = {a.name: a.role for a in command.buffers.kernel.arguments}
        if roles.get(name) != "scalar":
            raise BadArgument(f"{command.buffers.kernel.name} has no scalar {name!r} to change: record another list")
        position = names.index(name)
        self._words[self._rows[number], 1 + position] = word_of(value, command.prototype.parameters[position])

    def value(self, number: int) -> Any:
        """What the call `number` returned in the last replay, None for a kernel that returns nothing."""
        command = self._commands[number]
        returns = command.prototype.returns
        if returns.kind == "v":
            return None
        word = self._words[self._rows[number], 1 + len(command.prototype.parameters)]
        return np.frombuffer(word.tobytes(), _dtype(returns), 1)[0].item()

    def values(self, number: int, times: int) -> Any:
        """What `times` calls of one kernel returned, from `number` on, as an array; raises BadArgument for others."""
        kinds = {command.prototype for command in self._commands[max(number, 0) : number + times]}
        if number < 0 or not 0 < times <= len(self) - number or len(kinds) > 1:
            raise BadArgument(f"{times} calls from {number} on are not calls of one kernel in this list")
        (prototype,) = kinds
        if prototype.returns.kind == "v":
            raise BadArgument(f"{prototype.symbol} returns nothing")
        rows = self._rows[number : number + times]
        words = np.ascontiguousarray(self._words[rows, 1 + len(prototype.parameters)])
        return np.ascontiguousarray(words.view(_dtype(prototype.returns)).reshape(times, -1)[:, 0])

    def outputs(self, number: int) -> dict[str, Any]:
        """All that the call `number` left in the last replay, by name."""
        command = self._commands[number]
        found = dict(self._rung.fetch(command.buffers))
        return found if command.prototype.returns.kind == "v" else found | {"return": self.value(number)}


def word_of(value: Any, parameter: Parameter) -> int:
    """A scalar in its own C type, in the low bytes of a word; raises BadArgument where it does not fit."""
    letter = _LETTERS[_dtype(parameter.type)]
    try:
        return int.from_bytes(struct.pack(f"<{letter}", value).ljust(8, b"\0"), "little")
    except (struct.error, OverflowError) as error:
        raise BadArgument(f"argument {parameter.name!r}: {error}") from error


def _dtype(ctype: CType) -> str:
    return f"{ctype.kind}{ctype.nbytes}"


def _schedule(commands: list[_Command]) -> list[int]:
    """Numbers of the commands, grouped by kernel as far as their buffers allow.

    A command's level is one more than that of the last command which wrote what it reads, or touched what it writes.
    """
    written: dict[int, int] = {}
    read: dict[int, int] = {}
    levels: list[int] = []
    touches = {
        command: [(_owner(command.buffers.placed[a.name]), a) for a in _arrays(command)] for command in set(commands)
    }
    for command in commands:
        touched, level = touches[command], 0
        for owner, argument in touched:
            level = max(level, written.get(owner, -1) + 1)
            if argument.role == "out":
                level = max(level, read.get(owner, -1) + 1)
        for owner, argument in touched:
            target = written if argument.role == "out" else read
            target[owner] = max(target.get(owner, -1), level)
        levels.append(level)
    return sorted(range(len(commands)), key=lambda i: (levels[i], commands[i].words[0], i))


def _arrays(command: _Command) -> list[Argument]:
    return [a for a in command.buffers.kernel.buffers if a.name in command.buffers.placed]


def _owner(value: Any) -> int:
    """The identity of the memory behind an array: views of one array, or of one buffer, are taken to overlap."""
    while True:
        if isinstance(value, np.ndarray) and value.base is not None:
            value = value.base
        elif isinstance(value, memoryview):
            value = value.obj
        else:
            return id(value)
