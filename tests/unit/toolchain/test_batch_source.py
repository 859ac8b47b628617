"""Batches and replayed lists call each kernel once per item, with that item's arguments, in the order given."""

from __future__ import annotations

import ctypes
import random
import struct
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload, poison_outputs
from ffi_spectrum.toolchain.batch_source import REPLAY, batch_prototype, is_shared
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.header import Prototype

TOOLCHAIN = Toolchain()
PROTOTYPES = {p.symbol: p for p in TOOLCHAIN.kernels(TOOLCHAIN.target)}
ORDER = list(PROTOTYPES)
COUNT, SIZE = 5, 7
SPECS = pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
LETTERS = {"f4": "f", "f8": "d", "i8": "q", "u8": "Q", "i4": "i", "u4": "I"}


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    return ctypes.CDLL(str(TOOLCHAIN.native_library().path))


def workloads(kernel: KernelSpec) -> list[Workload]:
    found = [make_workload(kernel, SIZE, seed) for seed in range(COUNT)]
    for workload in found:
        poison_outputs(workload)
    return found


def dtype(code: str) -> str:
    """A NumPy type by a C type's short name: u32 -> u4."""
    return f"{code[0]}{int(code[1:]) // 8}"


def flat(value: Any) -> Any:
    return np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value.reshape(-1)


def batch_arguments(prototype: Prototype, items: list[Workload]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of ffis_batch_K, and the arrays behind them by the kernel's own parameter names."""
    arrays: dict[str, Any] = {}
    arguments: list[Any] = [ctypes.c_uint32(len(items))]
    for p in prototype.parameters:
        if is_shared(p):
            arguments.append(ctypes.c_uint32(items[0].dims.get(p.name, items[0].values.get(p.name, 0))))
            continue
        if p.type.kind == "p":
            arrays[p.name] = np.stack([flat(item.values[p.name]) for item in items])
            arguments += [arrays[p.name].ctypes.data_as(ctypes.c_void_p), ctypes.c_uint32(arrays[p.name].shape[1])]
        else:
            arrays[p.name] = np.array([item.values[p.name] for item in items], dtype(p.type.code))
            arguments.append(arrays[p.name].ctypes.data_as(ctypes.c_void_p))
    if prototype.returns.kind != "v":
        arrays["return"] = np.zeros(len(items), dtype(prototype.returns.code))
        arguments.append(arrays["return"].ctypes.data_as(ctypes.c_void_p))
    return arguments, arrays


def same_shared(kernel: KernelSpec) -> list[Workload]:
    """Workloads whose uint32 scalars agree, as those are shared by a batch."""
    found = workloads(kernel)
    shared = {p.name for p in PROTOTYPES[kernel.symbol].parameters if is_shared(p)} & set(found[0].values)
    return [Workload(kernel, SIZE, w.dims, {**w.values, **{n: found[0].values[n] for n in shared}}) for w in found]


@SPECS
def test_a_batch_is_as_many_calls(kernel: KernelSpec, library: ctypes.CDLL) -> None:
    items, prototype = same_shared(kernel), PROTOTYPES[kernel.symbol]
    arguments, arrays = batch_arguments(prototype, items)
    assert len(arguments) == len(batch_prototype(prototype, 8).parameters)
    library[f"ffis_batch_{kernel.name}"](*arguments)
    for number, item in enumerate(items):
        written = {a.name: item.values[a.name] for a in kernel.buffers if a.role == "out"}
        outputs = {name: arrays[name][number].reshape(value.shape) for name, value in written.items()}
        if "return" in arrays:
            outputs["return"] = arrays["return"][number]
        assert check_outputs(item, outputs) == ""


def command(workload: Workload, stride: int) -> list[int]:
    """One command as words: the kernel's number, its arguments, the place of the result."""
    prototype = PROTOTYPES[workload.kernel.symbol]
    words = [ORDER.index(prototype.symbol)]
    for p in prototype.parameters:
        value = workload.dims[p.name] if p.name in workload.dims else workload.values[p.name]
        if p.type.kind == "p":
            words.append(flat(value).ctypes.data)
        else:
            packed = struct.pack(f"<{LETTERS[dtype(p.type.code)]}", value)
            words.append(int.from_bytes(packed.ljust(8, b"\0"), "little"))
    return words + [0xA5A5A5A5A5A5A5A5] * (stride - len(words))


def test_a_shuffled_list_of_every_kernel_is_replayed_with_each_calls_own_arguments(library: ctypes.CDLL) -> None:
    items = [item for kernel in KERNELS.values() for item in workloads(kernel)]
    random.Random(1).shuffle(items)
    stride = 2 + max(len(p.parameters) for p in PROTOTYPES.values())
    words = np.array([command(item, stride) for item in items], np.uint64)
    replay = library[REPLAY]
    for _ in range(2):  # a second time with what the first has left in the buffers
        replay(words.ctypes.data_as(ctypes.c_void_p), len(items), stride)
        for item, row in zip(items, words, strict=True):
            prototype = PROTOTYPES[item.kernel.symbol]
            outputs = {a.name: item.values[a.name] for a in item.kernel.buffers if a.role == "out"}
            result = row[len(prototype.parameters) + 1]
            if prototype.returns.kind != "v":
                typed = result.tobytes()[: prototype.returns.nbytes]
                outputs["return"] = np.frombuffer(typed, dtype(prototype.returns.code))[0]
            else:
                assert result == 0xA5A5A5A5A5A5A5A5
            assert check_outputs(item, outputs) == ""


def test_a_step_of_zero_shares_one_buffer(library: ctypes.CDLL) -> None:
    x, out = np.arange(-3, 4, dtype=np.float32), np.zeros((3, 7), np.float32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, out)]
    library["ffis_batch_relu"](ctypes.c_uint32(3), pointers[0], 0, pointers[1], 7, 7)
    np.testing.assert_array_equal(out, np.maximum(x, 0)[None].repeat(3, 0))


def test_nothing_is_called_for_a_count_of_zero(library: ctypes.CDLL) -> None:
    library[REPLAY](None, 0, 4)
    library["ffis_batch_add"](0, None, None, None)
