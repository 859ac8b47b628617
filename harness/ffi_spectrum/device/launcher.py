"""The C launcher (native/support/launch.c) as Python sees it."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

Address = ctypes.c_void_p


class PreparedLaunch(ctypes.Structure):
    """`struct ffis_launch`: the addresses in it are borrowed."""

    _fields_ = (
        ("launch", Address),
        ("function", Address),
        ("stream", Address),
        ("parameters", Address),
        ("grid", ctypes.c_uint32 * 3),
        ("block", ctypes.c_uint32 * 3),
    )


class Launcher:
    """Its functions, with their types; `nothing` is the address of a no-op with cuLaunchKernel's signature."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.library = ctypes.CDLL(str(path))
        i64, u64, u32 = ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint32
        self.launch_n = self._function("ffis_launch_n", ctypes.c_int32, Address, u32)
        self.launch_list = self._function("ffis_launch_list", ctypes.c_int32, Address, u32, Address)
        self.launch_graph_n = self._function("ffis_launch_graph_n", ctypes.c_int32, Address, Address, Address, u32)
        self.await_word = self._function("ffis_await_word", i64, Address, u64, i64)
        self.launch_stamp = self._function("ffis_launch_stamp", ctypes.c_int32, Address, Address, u64, i64, Address)
        self.launch_wait = self._function("ffis_launch_wait", ctypes.c_int32, Address, Address, Address)
        self.ping = self._function("ffis_ping", u32, Address, u32, i64, Address, Address, Address)
        self.nothing: int = ctypes.cast(self.library.ffis_launch_nothing, Address).value or 0

    def _function(self, symbol: str, returns: Any, *parameters: Any) -> Any:
        function = self.library[symbol]  # an object of its own: nobody else sets its types
        function.restype, function.argtypes = returns, parameters
        return function
