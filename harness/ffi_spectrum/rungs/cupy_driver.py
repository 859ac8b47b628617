"""CuPy's own binding of cuLaunchKernel."""

from __future__ import annotations

from typing import ClassVar

from ffi_spectrum.device.launch import Launch
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.device_rung import device_info
from ffi_spectrum.rungs.launch_rung import LaunchRung


class CupyDriver(LaunchRung):
    """`cupy.cuda.driver.launchKernel` on handles and the address of the arguments' addresses."""

    info: ClassVar[RungInfo] = device_info(
        "prebound", name="cupy_driver", purpose="the driver's launch through CuPy, without its kernel objects",
        native_code="libcuda, CuPy",
    )  # fmt: skip

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        names = {"launchKernel": self.session.cupy.cuda.driver.launchKernel, **handles(launch)}
        return BoundCall(f"launchKernel({LAUNCH_ARGUMENTS})", names, owner=launch)


# The arguments of cuLaunchKernel in its order, shared memory and extra being none.
LAUNCH_ARGUMENTS = "function, gx, gy, gz, bx, by, bz, 0, stream, parameters, 0"


def handles(launch: Launch) -> dict[str, int]:
    """A value for each name in LAUNCH_ARGUMENTS."""
    grid = dict(zip(("gx", "gy", "gz"), launch.grid, strict=True))
    block = dict(zip(("bx", "by", "bz"), launch.block, strict=True))
    ends = {"stream": launch.stream, "parameters": launch.parameters}
    return {"function": launch.function, **grid, **block, **ends}
