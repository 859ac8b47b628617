"""The C launcher's loop over a graph's launches, with a function of ours in the driver's place."""

from __future__ import annotations

import ctypes

from ffi_spectrum.device.launcher import Launcher
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.launcher import launcher_library


def test_it_launches_so_often_and_stops_at_the_first_error() -> None:
    launcher = Launcher(launcher_library(Toolchain()).path)
    calls: list[tuple[int, int]] = []

    @ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)  # type: ignore[untyped-decorator]
    def launch(executable: int, stream: int) -> int:
        calls.append((executable, stream))
        return 719 if len(calls) == 5 else 0

    entry = ctypes.cast(launch, ctypes.c_void_p).value
    assert launcher.launch_graph_n(entry, 11, 12, 0) == 0
    assert launcher.launch_graph_n(entry, 11, 12, 4) == 0
    assert calls == [(11, 12)] * 4
    assert launcher.launch_graph_n(entry, 11, 12, 4) == 719
    assert len(calls) == 5
