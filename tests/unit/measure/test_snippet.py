"""What a call to be timed looks like, and which ones cannot be sent to a fresh process."""

from __future__ import annotations

import _thread
import ctypes
import functools
import operator
import pickle
import subprocess
import sys
from typing import Any

import pytest

from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure.snippet import Snippet, call


def test_a_callable_becomes_source_text_over_pickled_names() -> None:
    snippet = call(operator.add, 2, 3)
    assert (snippet.call, snippet.setup, snippet.expected) == ("f(a0, a1)", "", b"")
    assert pickle.loads(snippet.pickled) == {"f": operator.add, "a0": 2, "a1": 3}


def test_source_text_stays_as_it_is() -> None:
    assert call("add(2, 3)", setup="from operator import add") == Snippet("add(2, 3)", "from operator import add")


def test_setup_is_kept_beside_a_callable() -> None:
    assert call(operator.add, 2, 3, setup="import sys").setup == "import sys"


def test_text_is_stripped_and_may_span_lines() -> None:
    assert call("  add(2,\n 3)\n").call == "add(2,\n 3)"


@pytest.mark.parametrize("expected", [None, 0, "", b"", [1.5]])
def test_any_value_may_be_expected_none_included(expected: object) -> None:
    assert pickle.loads(call("f()", expected=expected).expected) == expected


@pytest.mark.parametrize("text", ["", "x = 1", "import os", "f(", "return 1", "yield 1", "f(); g()", "f()\x00"])
def test_what_is_not_an_expression_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not valid as an expression"):
        call(text)


def test_a_setup_that_does_not_compile_is_refused() -> None:
    with pytest.raises(UsageError, match="not valid as setup"):
        call("f()", setup="def f(:")


def test_arguments_beside_source_text_are_refused() -> None:
    with pytest.raises(UsageError, match="arguments go into the source text"):
        call("f(1)", 2)


def endless() -> list[Any]:
    """A list that holds a list that holds a list, deeper than any recursion limit."""
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        pytest.param(lambda x: x, 1, id="lambda"),
        pytest.param(functools.partial(lambda x: x), 1, id="partial of a lambda"),
        pytest.param(len, sys, id="module"),
        pytest.param(len, _thread.allocate_lock(), id="lock"),
        pytest.param(len, ctypes.pointer(ctypes.c_int(1)), id="ctypes pointer"),
        pytest.param(len, (n for n in range(3)), id="generator"),
    ],
)
def test_what_only_this_process_has_is_refused_with_advice(function: Any, argument: Any) -> None:
    with pytest.raises(UsageError, match=r"cannot be sent to a fresh process \(.+\); give source text"):
        call(function, argument)


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be sent"):
        call(len, endless())


def test_an_expected_value_is_named_in_the_refusal() -> None:
    with pytest.raises(UsageError, match="the expected value cannot be sent"):
        call("f()", expected=lambda: None)


def test_text_that_speaks_of_main_is_no_reason_to_refuse() -> None:
    assert pickle.loads(call(len, "if __name__ == '__main__':").pickled)["a0"] == "if __name__ == '__main__':"


@pytest.mark.parametrize(
    "described",
    ["call(own)", "call(Own().method)", "call(len, Own())", "call(len, [{1: Own}])", "call('f()', expected=Own())"],
)
def test_what_is_defined_in_main_is_refused(described: str) -> None:
    program = f"""
from ffi_spectrum.errors import UsageError
from ffi_spectrum.measure.snippet import call
def own(): pass
class Own:
    def method(self): pass
try:
    {described}
except UsageError as error:
    print(error)
"""
    boot = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", boot + program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "defined in __main__" in done.stdout
    assert "put it into a module" in done.stdout
