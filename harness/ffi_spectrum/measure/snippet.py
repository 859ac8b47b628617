"""A Python call to be timed in fresh processes, and how it gets there."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from ffi_spectrum.errors import UsageError

# "no expectation": None is a value that a call may return
UNCHECKED = object()


@dataclass(frozen=True, slots=True)
class Snippet:
    """An expression over names that `setup` defines, and over those in `pickled`, which win.

    `pickled` is a dictionary, `expected` the value that the call must return, both pickled; b"" stands for no names and
    for a value that is not checked.
    """

    call: str
    setup: str = ""
    pickled: bytes = b""
    expected: bytes = b""

    def to_row(self) -> dict[str, Any]:
        return {"call": self.call, "setup": self.setup, "pickled": self.pickled, "expected": self.expected}


def call(function: Callable[..., Any] | str, *arguments: Any, setup: str = "", expected: Any = UNCHECKED) -> Snippet:
    """Describe a call: a callable that a fresh process can import, with arguments, or source text and its `setup`.

    `call(zlib.crc32, data)` and `call("crc32(data)", setup="from zlib import crc32; data = b'x'")` are timed alike:
    every name that `setup` defines is a local variable of the loop. Raises UsageError for source text that does not
    compile, and for a callable that only this process knows.
    """
    check = b"" if expected is UNCHECKED else _pickle(expected, "the expected value")
    _check_syntax(setup, "exec", "setup")
    if isinstance(function, str):
        if arguments:
            raise UsageError("arguments go into the source text: call('f(1, 2)', setup='...')")
        text = function.strip()
        _check_syntax(text, "eval", "an expression")
        return Snippet(text, setup, expected=check)
    names = [f"a{index}" for index in range(len(arguments))]
    values = {"f": function, **dict(zip(names, arguments, strict=True))}
    return Snippet(f"f({', '.join(names)})", setup, _pickle(values, f"{function!r} with its arguments"), check)


def _check_syntax(text: str, mode: str, what: str) -> None:
    try:
        compile(text, "<call>", mode)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, before Python 3.12
        raise UsageError(f"{text!r} is not valid as {what}: {error}") from error


class _Pickler(pickle.Pickler):
    """Refuses what only the main module of this process defines; the worker has another main module."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type | FunctionType) and value.__module__ == "__main__":
            raise pickle.PicklingError(f"{value.__qualname__} is defined in __main__: put it into a module")
        return NotImplemented


def _pickle(value: Any, what: str) -> bytes:
    content = io.BytesIO()
    try:
        _Pickler(content).dump(value)
    except (pickle.PicklingError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{what} cannot be sent to a fresh process ({error}); give source text instead: call('f(x)', setup='...')"
        ) from error
    return content.getvalue()
