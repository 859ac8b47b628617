"""A Python call to be timed in fresh processes, and how it gets there."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ffi_spectrum.errors import UsageError

# "no expectation": None is a value that a call may return
UNCHECKED = object()


@dataclass(frozen=True, slots=True)
class Snippet:
    """An expression over names that `setup` defines, or over those in `pickled`.

    `expected` is the pickled value that the call must return, b"" where it is not checked.
    """

    call: str
    setup: str = ""
    pickled: bytes = b""
    expected: bytes = b""

    def to_row(self) -> dict[str, Any]:
        return {"call": self.call, "setup": self.setup, "pickled": self.pickled, "expected": self.expected}


def call(function: Callable[..., Any] | str, *arguments: Any, setup: str = "", expected: Any = UNCHECKED) -> Snippet:
    """Describe a call: a callable that a fresh process can import, with arguments, or source text and its `setup`.

    `call(zlib.crc32, data)` and `call("crc32(data)", setup="from zlib import crc32; data = b'x'")` are timed alike: every
    name is a local variable of the loop. Raises UsageError for a callable that only this process knows.
    """
    check = b"" if expected is UNCHECKED else _pickle(expected, "the expected value")
    if isinstance(function, str):
        if arguments:
            raise UsageError("arguments go into the source text: call('f(1, 2)', setup='...')")
        _check_expression(function)
        return Snippet(function, setup, expected=check)
    names = [f"a{index}" for index in range(len(arguments))]
    values = {"f": function, **dict(zip(names, arguments, strict=True))}
    return Snippet(f"f({', '.join(names)})", setup, _pickle(values, f"{function!r} with its arguments"), check)


def _check_expression(text: str) -> None:
    try:
        compile(text, "<call>", "eval")
    except SyntaxError as error:
        raise UsageError(f"{text!r} is not an expression: {error.msg}") from error


def _pickle(value: Any, what: str) -> bytes:
    try:
        content = pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{what} cannot be sent to a fresh process ({error}); give source text instead: call('f(x)', setup='...')"
        ) from error
    if b"__main__" in content:
        raise UsageError(f"{what} is defined in __main__, which a fresh process does not have: put it into a module")
    return content
