"""CuPy's RawKernel: a kernel of one's own, launched on arrays and NumPy scalars."""

from __future__ import annotations

from typing import Any, ClassVar

from ffi_spectrum.device.errors import translated
from ffi_spectrum.device.launch import Launch
from ffi_spectrum.rungs.base import BoundCall, RungInfo
from ffi_spectrum.rungs.device_rung import device_info
from ffi_spectrum.rungs.launch_rung import LaunchRung


class CupyRaw(LaunchRung):
    """`kernel(grid, block, (a, x, y, out, size))`: every argument is converted at each call."""

    info: ClassVar[RungInfo] = device_info(
        "fresh", name="cupy_raw", purpose="a CUDA kernel of one's own on CuPy arrays", native_code="libcuda, CuPy",
    )  # fmt: skip

    def _open_path(self) -> None:
        with translated("loading the cubin with CuPy"):
            self._module = self.session.cupy.RawModule(path=str(self.artifacts["cubin"].path))
            self._module.compile()

    def kernel(self, symbol: str) -> Any:
        """CuPy's object of the kernel, of the module that this rung has loaded."""
        with translated(f"looking up {symbol}"):
            return self._module.get_function(symbol)

    def launch_call(self, launch: Launch, variant: str) -> BoundCall:
        name = launch.symbol.removeprefix("ffis_")
        names = {"grid": launch.grid, "block": launch.block, **launch.objects, name: self.kernel(launch.symbol)}
        arguments = "".join(f"{argument}, " for argument in launch.objects)
        return BoundCall(f"{name}(grid, block, ({arguments.strip()}))", names, owner=launch)

    def _counters(self, symbol: str) -> list[int]:
        ours = super()._counters(symbol)
        return [*ours, int(self._module.get_global(symbol).ptr)] if ours else []
