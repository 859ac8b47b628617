"""Workloads as CALL frames, and what their answers hold."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import make_workload
from ffi_spectrum.remote.frame import ALIGNMENT, CALL, CALL_SHARED, Header
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.header import Prototype

from ..toolchain.thunk_region import KERNEL_NAMES, Region


@cache
def prototypes() -> dict[str, Prototype]:
    toolchain = Toolchain()
    return {prototype.symbol: prototype for prototype in toolchain.kernels(toolchain.target)}


def region_for(name: str, size: int, seed: int = 0) -> Region:
    kernel = KERNELS[name]
    return Region(make_workload(kernel, size, seed), prototypes()[kernel.symbol])


def outputs_start(region: Region) -> int:
    """Where a region's outputs start: behind the inputs, as every kernel here takes them in this order."""
    starts = [region.offsets[a.name] for a in region.kernel.buffers if a.role == "out"]
    return min(starts, default=region.nbytes // ALIGNMENT * ALIGNMENT)


def call_frame(region: Region, times: int = 1, id_: int = 0) -> tuple[Header, bytes]:
    """A CALL: the slots and what the region holds up to its outputs."""
    slots = region.slots().tobytes().ljust(ALIGNMENT, b"\0")
    body = slots + region.memory[ALIGNMENT : outputs_start(region)].tobytes()
    return Header(CALL, KERNEL_NAMES.index(region.kernel.name), 0, id_, times, len(body), region.nbytes), body


def shared_frame(region: Region, offset: int) -> tuple[Header, bytes]:
    """A CALL_SHARED on a region that lies at `offset` of the shared memory."""
    slots = region.slots()
    for i, (_, argument, _) in enumerate(region.rows):
        slots[i] += np.uint64(offset if argument.is_buffer else 0)
    body = slots.tobytes().ljust(ALIGNMENT, b"\0")
    return Header(CALL_SHARED, KERNEL_NAMES.index(region.kernel.name), nbytes=len(body)), body


def answered(region: Region, body: bytes) -> dict[str, Any]:
    """The outputs in a CALL's answer, which is the result's slot and the region from its outputs on."""
    start = outputs_start(region)
    assert len(body) == ALIGNMENT + region.nbytes - start
    region.memory[start : region.nbytes] = np.frombuffer(body[ALIGNMENT:], np.uint8)
    return region.outputs(int.from_bytes(body[:8], "little"))
