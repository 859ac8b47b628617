"""Small guests in text form, and what binds their functions."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasmtime

import ffi_spectrum
from ffi_spectrum.errors import Unavailable
from ffi_spectrum.rungs.guest import HOST, engine
from ffi_spectrum.rungs.guest_artifacts import CALL_MODULE, call_extension
from ffi_spectrum.rungs.unchecked import Signature, raise_failure
from ffi_spectrum.rungs.wasmtime_fast import FastStore
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.extension import load_extension

# One identity per type, two traps, and a recursion that never ends.
GUEST = """(module
  (memory (export "memory") 1 1)
  (func (export "i32") (param i32) (result i32) local.get 0)
  (func (export "i64") (param i64) (result i64) local.get 0)
  (func (export "f32") (param f32) (result f32) local.get 0)
  (func (export "f64") (param f64) (result f64) local.get 0)
  (func (export "nothing"))
  (func (export "second") (param i32 i64 f32 f64) (result i64) local.get 1)
  (func (export "externref") (param externref))
  (func (export "v128") (param v128))
  (func (export "two") (result i32 i32) i32.const 1 i32.const 2)
  (func (export "unreachable") (result i64) unreachable)
  (func (export "outside") (result i32) i32.const 0x7fffffff i32.load)
  (func $deep (export "deep") (param i64) (result i64)
    (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0))))"""
DEADLINE_S = 60.0


@cache
def extension() -> ModuleType:
    """The compiled extension; skips the test where it cannot be built here."""
    try:
        return load_extension(CALL_MODULE, call_extension(Toolchain()))
    except Unavailable as absent:
        pytest.skip(absent.reason)


def module(text: str) -> wasmtime.Module:
    return wasmtime.Module(engine(HOST), bytes(wasmtime.wat2wasm(text)))


class Fast:
    """A store with one guest, whose functions are bound through the extension."""

    def __init__(self, text: str = GUEST, imports: Sequence[Any] = (), *, release_gil: bool = False) -> None:
        self.store = wasmtime.Store(engine(HOST))
        functions = [wasmtime.Func(self.store, wasmtime.FuncType([], []), function) for function in imports]
        self.exports = wasmtime.Instance(self.store, module(text), functions).exports(self.store)
        self.fast = FastStore(extension(), self.store, release_gil=release_gil)

    def function(self, symbol: str) -> wasmtime.Func:
        function = self.exports[symbol]
        assert isinstance(function, wasmtime.Func)
        return function

    def bind(self, symbol: str, kinds: str = "", result: str = "v") -> Callable[..., Any]:
        names = tuple(f"p{i}" for i in range(len(kinds)))
        return self.fast.bind(symbol, self.function(symbol), Signature(kinds, names, result))


_ENTRY = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)
STORE_ID = 7


def store_with_entry(function: Callable[..., int | None]) -> Any:
    """The extension's store, entering `function(context, func, slots, count, trap)` instead of wasmtime."""
    callback = _ENTRY(function)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    return extension().Store(address, 0, STORE_ID, callback, raise_failure, False)


def func_of(store_id: int) -> bytes:
    """A wasmtime_func_t that belongs to the store of this number."""
    return struct.pack("QQ", store_id, 0)


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, without faulthandler."""
    folders = [str(Path(ffi_spectrum.__file__).parents[1]), str(Path(__file__).parents[3])]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONFAULTHANDLER"}
    environment["PYTHONPATH"] = os.pathsep.join([*folders, environment.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, timeout=DEADLINE_S, env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip


SEGFAULT = -signal.SIGSEGV
