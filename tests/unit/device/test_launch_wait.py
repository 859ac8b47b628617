"""The C launcher's launch with a wait, on functions of ours in place of the driver's: no device takes part."""

from __future__ import annotations

import ctypes

import pytest

from ffi_spectrum.device.launcher import Launcher, PreparedLaunch
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.launcher import launcher_library

STREAM, REFUSED, LATE = 77, 5, 719
Extent = ctypes.c_uint32 * 3
# cuLaunchKernel and cuStreamSynchronize
LAUNCH = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, *[ctypes.c_uint32] * 7, *[ctypes.c_void_p] * 3)
WAIT = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)


@pytest.fixture(scope="module")
def launcher() -> Launcher:
    return Launcher(launcher_library(Toolchain()).path)


@pytest.mark.parametrize(
    ("launched", "waited", "error", "order"),
    [(0, 0, 0, ["launch", "wait"]), (0, LATE, LATE, ["launch", "wait"]), (REFUSED, 0, REFUSED, ["launch"])],
    ids=["all is well", "the kernel fails", "the launch is refused"],
)
def test_it_launches_then_waits_for_the_same_stream(
    launcher: Launcher, launched: int, waited: int, error: int, order: list[str]
) -> None:
    seen: list[tuple[str, int]] = []
    launch = LAUNCH(lambda *arguments: seen.append(("launch", arguments[8])) or launched)  # type: ignore[func-returns-value]
    wait = WAIT(lambda stream: seen.append(("wait", stream)) or waited)  # type: ignore[func-returns-value]
    entry, waiting = (ctypes.cast(function, ctypes.c_void_p).value for function in (launch, wait))
    one, times = PreparedLaunch(entry, 1, STREAM, None, Extent(1, 1, 1), Extent(1, 1, 1)), (ctypes.c_int64 * 3)()
    assert launcher.launch_wait(ctypes.addressof(one), waiting, times) == error
    assert seen == [(name, STREAM) for name in order]
    if not error:
        assert 0 < times[0] <= times[1] <= times[2]
