"""One launch, prepared: what every launch path makes its own call of."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ffi_spectrum.device.geometry import Extent, geometry
from ffi_spectrum.device.launcher import PreparedLaunch
from ffi_spectrum.errors import WrongDevice
from ffi_spectrum.kernels.workload import Workload

_C_TYPES: dict[str, Any] = {
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
    "int64": ctypes.c_int64,
    "uint64": ctypes.c_uint64,
    "uint32": ctypes.c_uint32,
    "uint8": ctypes.c_uint8,
}
# With how many arguments the device's noop exists.
NOOP_ARGUMENTS = (0, 1, 4, 16)


@dataclass(frozen=True, slots=True)
class Launch:
    """A kernel of ours with grid, block (blocks, threads) and arguments.

    `objects` are the arguments as a user of CuPy holds them (device arrays and NumPy scalars), by name; `values` the
    same as C values, whose addresses are in `addresses`, the array that cuLaunchKernel takes. Keep it alive while
    anything can launch from it.
    """

    symbol: str
    function: int
    stream: int
    grid: Extent
    block: Extent
    objects: Mapping[str, Any]
    values: Sequence[Any]
    addresses: Any = field(repr=False)

    @property
    def parameters(self) -> int:
        """The address of the array of arguments' addresses."""
        return ctypes.addressof(self.addresses)

    def prepared(self, entry: int) -> PreparedLaunch:
        """For the C launcher, through the function at `entry`; it borrows from this launch."""
        return PreparedLaunch(entry, self.function, self.stream, self.parameters, self.grid, self.block)


def make_launch(
    symbol: str, function: int, stream: int, extents: tuple[Extent, Extent], objects: Mapping[str, Any]
) -> Launch:
    """A launch of `function`; each object is a device array, or a NumPy scalar of the parameter's own type."""
    values = [_c_value(value) for value in objects.values()]
    addresses = (ctypes.c_void_p * max(len(values), 1))(*(ctypes.addressof(value) for value in values))
    return Launch(symbol, function, stream, *extents, objects, values, addresses)


def kernel_objects(
    workload: Workload, placed: Mapping[str, Any], result: Any, nargs: int
) -> tuple[str, dict[str, Any]]:
    """Symbol and arguments of the workload's kernel on the device, the address of the result last if it has one."""
    kernel = workload.kernel
    objects: dict[str, Any] = {}
    for argument in kernel.arguments:
        if argument.is_buffer:
            objects[argument.name] = placed[argument.name]
        elif argument.role == "length":
            objects[argument.name] = np.uint32(workload.dims[argument.name])
        else:
            objects[argument.name] = np.dtype(argument.dtype).type(workload.values[argument.name])
    if kernel.returns:
        objects["result"] = result
    if kernel.name != "noop":
        return kernel.symbol, objects
    return f"{kernel.symbol}{nargs or ''}", {f"a{i}": np.uint64(i) for i in range(nargs)}


def kernel_extents(workload: Workload) -> tuple[Extent, Extent]:
    return geometry(workload.kernel.name, workload.dims)


def _c_value(value: Any) -> Any:
    if isinstance(value, np.generic):
        return _C_TYPES[value.dtype.name](value.item())
    return ctypes.c_void_p(address_of(value))


def check_device(objects: Mapping[str, Any], device: int) -> None:
    """Raise WrongDevice for an array that lives on another device than this one; pinned memory and scalars pass."""
    for name, value in objects.items():
        found = getattr(getattr(value, "device", None), "id", device)  # NumPy's device is the text "cpu"
        if found != device:
            raise WrongDevice(
                f"{name} is an array of device {found}, and device {device} is in use: copy it there, "
                "or leave one device visible with CUDA_VISIBLE_DEVICES"
            )


def address_of(array: Any) -> int:
    """Where a device array, or an ndarray in pinned memory, lies."""
    return int(array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr)
