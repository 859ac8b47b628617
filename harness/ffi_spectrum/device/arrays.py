"""A workload on the device: its arrays, the word for its result, and its kernel's launch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ffi_spectrum.device.launch import Launch, kernel_extents, kernel_objects

if TYPE_CHECKING:
    from ffi_spectrum.device.session import Session
    from ffi_spectrum.kernels.workload import Workload


@dataclass(frozen=True, slots=True)
class DeviceArrays:
    """`placed` are the buffers by argument name; `result` is what the kernel writes its value to, None without one."""

    session: Session
    workload: Workload
    placed: dict[str, Any]
    result: Any

    def launch(self, nargs: int = 0) -> Launch:
        """The kernel's launch on these arrays, on the session's stream; `nargs` is how many arguments noop gets."""
        symbol, objects = kernel_objects(self.workload, self.placed, self.result, nargs)
        return self.session.launch(symbol, kernel_extents(self.workload), objects)

    def outputs(self) -> dict[str, Any]:
        """The outputs as ndarrays of the caller, by argument name, once all that was launched is finished."""
        outputs = (a.name for a in self.workload.kernel.buffers if a.role == "out")
        return {name: self.session.to_host(self.placed[name]) for name in outputs}

    def value(self) -> Any:
        """What the kernel returned, as a Python number; it has to be one that returns something."""
        return self.session.to_host(self.result)[0].item()


def place(session: Session, workload: Workload) -> DeviceArrays:
    """Copies of the workload's buffers on the device; raises DeviceError and DeviceMemoryExhausted."""
    kernel = workload.kernel
    placed = {a.name: session.to_device(_as_array(workload.values[a.name])) for a in kernel.buffers}
    result = session.to_device(np.zeros(1, kernel.returns)) if kernel.returns else None
    return DeviceArrays(session, workload, placed, result)


def _as_array(value: Any) -> Any:
    return np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
