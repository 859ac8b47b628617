"""The guest under wasmtime: one engine per target; one owner of a store, its instance and its memory."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import stat
import sys
from functools import cache
from pathlib import Path
from typing import Any

import wasmtime

from ffi_spectrum.errors import FarSideTrap, Unavailable
from ffi_spectrum.rungs.guest_imports import refuse_imports

HOST = ""
PULLEY = "pulley64"
# A guest may use this much of the calling thread's stack. wasmtime's default, 512 KiB, lets deep recursion
# run off the stack of a small thread, which ends the process; now a thread needs 128 KiB beside
# what Python uses.
MAX_WASM_STACK_NBYTES = 128 * 1024


@cache
def engine(target: str) -> wasmtime.Engine:
    """The engine for HOST, this machine's CPU, or for the interpreter PULLEY; all guests share it."""
    enable_faulthandler_first()
    config = wasmtime.Config()
    config.max_wasm_stack = MAX_WASM_STACK_NBYTES
    if target:
        config.target = target
    return wasmtime.Engine(config)


def enable_faulthandler_first() -> None:
    """Make sure that `faulthandler.enable()` cannot come after wasmtime's signal handlers.

    Enabled later, it takes SIGSEGV away from wasmtime and the next memory trap ends the process; enabled
    before, it is asked second, and enabling it again does not move it. Where somebody handles SIGSEGV
    already, nothing is changed.
    """
    if not faulthandler.is_enabled() and _is_default(signal.SIGSEGV):
        faulthandler.enable(file=2)


def _is_default(number: int) -> bool:
    """True where the kernel's default action stands; `signal.getsignal` does not see handlers set from C."""
    action = ctypes.create_string_buffer(512)  # room for a struct sigaction, which starts with the handler
    ctypes.CDLL(None).sigaction(number, None, action)
    return int.from_bytes(action.raw[: ctypes.sizeof(ctypes.c_void_p)], sys.byteorder) == 0


def load_compiled(path: Path, target: str = HOST) -> wasmtime.Module:
    """Map a compiled guest; raises Unavailable where it is not this user's own, or made for something else.

    Its machine code runs unchecked, so only a file counts that this user wrote, in a folder that nobody else
    can write or read.
    """
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error}; build it again") from error
    if not stat.S_ISREG(file.st_mode) or {file.st_uid, folder.st_uid} != {os.getuid()}:
        raise Unavailable(f"{path} is not a file of your own: compiled guests of others are not loaded")
    if folder.st_mode & 0o077 or file.st_mode & 0o022:
        raise Unavailable(f"others can reach {path}: compiled guests are loaded from a folder of mode 0700 only")
    try:
        return wasmtime.Module.deserialize_file(engine(target), str(path))
    except wasmtime.WasmtimeError as error:
        raise Unavailable(
            f"{path} was compiled by another wasmtime or for another CPU ({error}); build it again"
        ) from error


class Guest:
    """Owns a store with one instance. Whatever is made from it holds `store`, which is never closed.

    Raises Unavailable for a module with imports: a guest that is given nothing can reach nothing.
    """

    def __init__(self, module: wasmtime.Module, target: str = HOST) -> None:
        refuse_imports((item.module, item.name or "") for item in module.imports)
        self.store = wasmtime.Store(engine(target))
        self.exports = wasmtime.Instance(self.store, module, []).exports(self.store)
        memory = self.exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        limits = memory.type(self.store).limits
        if limits.min != limits.max:
            raise Unavailable(f"the guest's memory can grow ({limits.min} to {limits.max} pages): views would dangle")
        buffer: Any = memory.get_buffer_ptr(self.store)
        # it only knows an address; not `self`, because a cycle through an ndarray is never collected
        buffer.store = self.store
        self.buffer = buffer

    def function(self, symbol: str) -> wasmtime.Func:
        function = self.exports[symbol]
        assert isinstance(function, wasmtime.Func)
        return function

    def enter(self, symbol: str, *arguments: Any) -> Any:
        """Call an export as the manual of wasmtime-py shows, off the measured path; raises FarSideTrap."""
        try:
            return self.function(symbol)(self.store, *arguments)
        except wasmtime.Trap as trap:
            raise FarSideTrap(f"{symbol}: {trap.message}") from trap
