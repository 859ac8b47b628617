"""The extension that enters wasmtime unchecked: lifetimes, traps, threads, versions, signals and stacks."""

from __future__ import annotations

import ctypes
import gc
import threading
import weakref

import pytest
import wasmtime
from wasmtime import _ffi as ffi

from ffi_spectrum.errors import FarSideTrap, Unavailable
from ffi_spectrum.rungs import unchecked

from .wat import GUEST, SEGFAULT, STORE_ID, Fast, func_of, run_script, store_with_entry


@pytest.fixture(scope="module")
def guest() -> Fast:
    return Fast()


# 3. lifetime


def test_a_bound_call_keeps_its_store_alive_and_nothing_else_does() -> None:
    guest = Fast()
    store = weakref.ref(guest.store)
    function = guest.bind("i64", "q", "q")
    del guest
    gc.collect()
    assert store() is not None
    assert function(5) == 5
    del function
    gc.collect()
    assert store() is None


# 4. errors and traps


@pytest.mark.parametrize(
    ("symbol", "result", "text"), [("unreachable", "q", "unreachable"), ("outside", "i", "memory")]
)
def test_a_trap_is_raised_and_the_store_goes_on(guest: Fast, symbol: str, result: str, text: str) -> None:
    function = guest.bind(symbol, "", result)
    for _ in range(100):
        with pytest.raises(FarSideTrap, match=text) as caught:
            function()
        assert isinstance(caught.value.__cause__, wasmtime.Trap)
        assert guest.bind("i64", "q", "q")(9) == 9


def test_an_error_is_raised() -> None:
    def entry(context: int, func: int, slots: int, count: int, trap: int) -> int:
        return ctypes.cast(ffi.wasmtime_error_new(b"no such luck"), ctypes.c_void_p).value or 0

    function = store_with_entry(entry).bind("f", func_of(STORE_ID), "", (), "v")
    with pytest.raises(FarSideTrap, match="f: no such luck"):
        function()


def test_an_exception_of_a_host_function_comes_first() -> None:
    def host() -> None:
        raise LookupError("from the host")

    text = '(module (import "host" "f" (func $f)) (func (export "enter") call $f) (func (export "nothing")))'
    guest = Fast(text, [host])
    with pytest.raises(LookupError, match="from the host"):
        guest.bind("enter")()
    assert guest.bind("nothing")() is None


# 5. async stores


def test_wasmtime_py_has_no_async_stores() -> None:
    assert [name for name in dir(wasmtime.Config) if "async" in name] == []


# 6. threads


def test_a_second_thread_is_refused_while_the_first_is_inside() -> None:
    """The host function inside the guest's call is where the first thread waits for the second."""
    errors: list[Exception] = []

    def intrude() -> None:
        try:
            nothing()
        except RuntimeError as error:
            errors.append(error)

    def host() -> None:
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()

    text = '(module (import "host" "f" (func $f)) (func (export "enter") call $f) (func (export "nothing")))'
    guest = Fast(text, [host], release_gil=True)
    nothing = guest.bind("nothing")
    guest.bind("enter")()
    assert [str(error) for error in errors] == [
        "nothing: another thread is inside this store; give each thread a store of its own"
    ]
    assert nothing() is None


def test_a_trap_leaves_the_store_free() -> None:
    guest = Fast(release_gil=True)
    for _ in range(3):
        with pytest.raises(FarSideTrap):
            guest.bind("unreachable", "", "q")()
    assert guest.bind("i32", "I", "I")(3) == 3


# 7. version and sizes


def test_another_version_of_wasmtime_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked.check_wasmtime()
    monkeypatch.setattr(unchecked, "version", lambda package: "50.0.2")
    with pytest.raises(Unavailable, match=r"50\.0\.2.*the rung wasmtime"):
        unchecked.check_wasmtime()


@pytest.mark.parametrize("name", ["wasmtime_func_t", "wasmtime_val_raw_t"])
def test_other_sizes_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(ffi, name, ctypes.c_uint64)
    with pytest.raises(Unavailable, match="bytes instead of 16"):
        unchecked.check_wasmtime()


# 8. signals and stacks: each beside a control that shows what happens otherwise

TRAP = f"""
import faulthandler, wasmtime
from ffi_spectrum.errors import FarSideTrap
from ffi_spectrum.rungs.guest import HOST, engine
{{first}}
engine(HOST)
faulthandler.enable()
store = wasmtime.Store(engine(HOST))
module = wasmtime.Module(engine(HOST), wasmtime.wat2wasm({GUEST!r}))
try:
    wasmtime.Instance(store, module, []).exports(store)["outside"](store)
except wasmtime.Trap:
    print("trapped")
"""


def test_faulthandler_may_be_enabled_later() -> None:
    done = run_script(TRAP.format(first=""))
    assert (done.returncode, done.stdout) == (0, "trapped\n"), done.stderr


def test_faulthandler_after_the_first_engine_would_be_fatal() -> None:
    done = run_script(TRAP.format(first="wasmtime.Store(wasmtime.Engine())"))
    assert (done.returncode, done.stdout) == (SEGFAULT, ""), done.stderr


DEEP = f"""
import faulthandler, threading, wasmtime
from ffi_spectrum.errors import FarSideTrap
from ffi_spectrum.rungs.guest import HOST, engine
def recurse():
    store = wasmtime.Store({{engine}})
    module = wasmtime.Module(store.engine, wasmtime.wat2wasm({GUEST!r}))
    try:
        wasmtime.Instance(store, module, []).exports(store)["deep"](store, 0)
    except wasmtime.Trap as trap:
        print(trap.trap_code.name)
threading.stack_size(256 * 1024)
thread = threading.Thread(target=recurse)
thread.start()
thread.join()
"""


def test_deep_recursion_traps_on_a_small_stack() -> None:
    done = run_script(DEEP.format(engine="engine(HOST)"))
    assert (done.returncode, done.stdout) == (0, "STACK_OVERFLOW\n"), done.stderr


def test_deep_recursion_under_the_default_limit_would_be_fatal() -> None:
    done = run_script(DEEP.format(engine="wasmtime.Engine()"))
    assert (done.returncode, done.stdout) == (SEGFAULT, ""), done.stderr
