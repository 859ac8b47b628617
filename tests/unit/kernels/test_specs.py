"""The specs against the header, the pinned vectors, and their own reimplementations."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.kernels.spec import Expression, KernelSpec, Missing
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload
from ffi_spectrum.toolchain.build import Toolchain
from ffi_spectrum.toolchain.header import Parameter, Prototype
from ffi_spectrum.toolchain.target import WASM32, X86_64

from ...conformance.vectors import FOLDER, load_vectors

SPECS = list(KERNELS.values())
CODES = {
    "int64": "i64", "uint64": "u64", "int32": "i32", "uint32": "u32", "float32": "f32", "float64": "f64",
}  # fmt: skip
POINTEES = {"float32": "float", "float64": "double", "uint8": "uint8_t"}
each_kernel = pytest.mark.parametrize("kernel", SPECS, ids=KERNELS)


@pytest.fixture(scope="module")
def prototypes() -> dict[str, Prototype]:
    return {prototype.symbol: prototype for prototype in Toolchain().kernels(X86_64)}


def kind_of(parameter: Parameter) -> tuple[str, str]:
    """Role and element as the C declaration shows them: what is const is only read."""
    if parameter.type.kind != "p":
        return "number", parameter.type.code
    return ("in" if parameter.type.is_const else "out"), parameter.type.pointee


def test_header_and_table_have_the_same_kernels_in_the_same_order(prototypes: dict[str, Prototype]) -> None:
    assert [kernel.symbol for kernel in SPECS] == list(prototypes)
    assert [p.symbol for p in Toolchain().kernels(WASM32)] == list(prototypes)


@each_kernel
def test_arguments_match_the_header(kernel: KernelSpec, prototypes: dict[str, Prototype]) -> None:
    prototype = prototypes[kernel.symbol]
    declared = [(parameter.name, *kind_of(parameter)) for parameter in prototype.parameters]
    specified = [
        (a.name, a.role, POINTEES[a.element]) if a.is_buffer else (a.name, "number", CODES[a.dtype])
        for a in kernel.arguments
    ]
    assert specified == declared
    assert prototype.returns.code == CODES.get(kernel.returns, "v")


@each_kernel
def test_every_dimension_has_a_value(kernel: KernelSpec) -> None:
    for size in (0, 1, 2, 7, 1023, 4096):
        dims = kernel.dims(size)
        assert all(isinstance(count, int) and count >= 0 for count in dims.values())
        for argument in kernel.arguments:
            assert set(argument.shape) <= set(dims)
            assert argument.role != "length" or argument.name in dims


@each_kernel
def test_size_counts_elements_of_output(kernel: KernelSpec) -> None:
    """Exactly for vectors; for matrices to the nearest product; base64 counts bytes of input."""
    for size in (0, 1, 7, 100, 1023, 4096):
        workload = make_workload(kernel, size)
        outputs = [workload.values[a.name].size for a in kernel.buffers if a.role == "out"]
        if kernel.name == "base64_encode":
            assert outputs == [math.ceil(size / 3) * 4]
        elif "m" in workload.dims:
            assert size - math.isqrt(size) < outputs[0] <= size or size == outputs[0] == 0
        elif outputs:
            assert outputs == [size]


@pytest.mark.parametrize("size", [0, 1, 7, 12, 1023, 4096])
def test_matrix_rule(size: int) -> None:
    m = math.isqrt(size)
    dims = KERNELS["matmul"].dims(size)
    assert dims == {"m": m, "k": m, "n": size // m if m else 0}
    assert KERNELS["dense_relu"].dims(size) == dims
    assert KERNELS["bias_add"].dims(size) == {"m": dims["m"], "n": dims["n"]}


@each_kernel
def test_workloads_are_valid_and_reproducible(kernel: KernelSpec) -> None:
    first, second, other = (make_workload(kernel, 100, seed) for seed in (3, 3, 4))
    first.check()
    for name, value in first.values.items():
        np.testing.assert_array_equal(value, second.values[name])
    has_inputs = any(argument.role == "in" for argument in kernel.buffers)
    same = all(np.array_equal(v, other.values[n]) for n, v in first.values.items())
    assert not (has_inputs and same)


COUNTS = {
    # name: (bytes, operations) at size 1024: m = k = n = 32
    "noop": (0, 0), "add": (0, 1), "sum8": (0, 7), "dot": (2 * 8 * 1024, 2 * 1024), "saxpy": (3 * 4 * 1024, 2 * 1024),
    "crc32": (1024, 1024), "base64_encode": (1024 + 1368, 1368), "matmul": (3 * 4 * 1024, 2 * 32**3),
    "bias_add": (4 * (2 * 1024 + 32), 1024), "relu": (2 * 4 * 1024, 1024),
    "dense_relu": (4 * (3 * 1024 + 32), (2 * 32 + 2) * 1024), "spin": (0, 3 * 1024), "ends": (1024, 2),
    **{f"args{count}": (0, count - 1) for count in range(1, 9)},
}  # fmt: skip


@each_kernel
def test_bytes_and_operations(kernel: KernelSpec) -> None:
    dims = kernel.dims(1024)
    nbytes = sum(
        len(value) if isinstance(value, bytes) else value.nbytes
        for value in make_workload(kernel, 1024).values.values()
        if isinstance(value, (bytes, np.ndarray))
    )
    assert kernel.nbytes(dims) == nbytes
    assert (nbytes, kernel.operations(dims)) == COUNTS.get(kernel.name, (nbytes, kernel.operations(dims)))


@each_kernel
def test_vectors_agree_with_the_oracle(kernel: KernelSpec) -> None:
    """Two sources that share no code: exact arithmetic or published values, and the oracle."""
    for vector in load_vectors(kernel):
        values = vector.workload.values
        terms = [abs(v) for v in values.values() if isinstance(v, float) and math.isfinite(v)]
        if max(terms, default=0) > 2**40 * abs(vector.outputs.get("return", math.inf)):
            continue  # the pinned result shows the order of the rounded sums; the oracle's sum is exact
        assert check_outputs(vector.workload, vector.outputs) == "", vector.note


def test_vector_files_are_what_their_maker_writes() -> None:
    command = [sys.executable, "-m", "tests.vectors.make_vectors", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=FOLDER.parents[1])
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in Path(FOLDER).glob("*.json")} >= set(KERNELS)


def evaluate(expression: Expression, workload: Workload, are_lists: bool) -> dict[str, Any]:
    """The outputs of a reimplementation, called the way it is written."""
    values = dict(workload.values)
    if are_lists:
        values = {
            name: value if not isinstance(value, np.ndarray)
            else bytearray(value.tobytes()) if value.dtype == np.uint8 else value.tolist()
            for name, value in values.items()
        }  # fmt: skip
    result = eval(expression.call, {**expression.names, **values, **workload.dims})
    outputs = {a.name: values[a.name] for a in workload.kernel.buffers if a.role == "out"}
    if expression.value_of != "return":
        return outputs | {expression.value_of: np.frombuffer(result, np.uint8)}
    outputs = {
        a.name: np.asarray(outputs[a.name], a.element).reshape([workload.dims[d] for d in a.shape])
        for a in workload.kernel.buffers
        if a.role == "out"
    }
    return outputs | {"return": result}


@pytest.mark.parametrize("kind", ["python", "stdlib", "numpy"])
@pytest.mark.parametrize("size", [0, 1, 7, 100])
@each_kernel
def test_reimplementations_agree_with_the_oracle(kernel: KernelSpec, size: int, kind: str) -> None:
    found = getattr(kernel, kind)
    if isinstance(found, Missing):
        assert found.reason
        pytest.skip(found.reason)
    workload = make_workload(kernel, size)
    assert check_outputs(workload, evaluate(found, workload, kind == "python")) == ""


@pytest.mark.parametrize("shape", [(2, 0, 3), (0, 2, 3), (2, 3, 0)], ids=str)
@pytest.mark.parametrize("name", ["matmul", "dense_relu"])
def test_products_without_terms_are_zero(name: str, shape: tuple[int, int, int]) -> None:
    kernel, dims = KERNELS[name], dict(zip("mkn", shape, strict=True))
    values = kernel.inputs(np.random.default_rng(0), dims)
    values["out"] = np.full((dims["m"], dims["n"]), np.nan, np.float32)
    workload = Workload(kernel, 0, dims, values)
    assert check_outputs(workload, evaluate(kernel.python, workload, are_lists=True)) == ""


@each_kernel
def test_a_wrong_result_is_noticed(kernel: KernelSpec) -> None:
    """The last element, one bit in the middle of the result, the shape: nothing slips through the tolerance."""
    workload = make_workload(kernel, 100)
    right = {name: np.array(value) for name, value in kernel.oracle(workload.values, workload.dims).items()}
    assert check_outputs(workload, right) == ""
    for name, value in right.items():
        wrong = value.copy()
        wrong.reshape(-1)[-1:] += 1
        assert name in check_outputs(workload, {**right, name: wrong})
        assert check_outputs(workload, {**right, name: value[None]}) != ""
        if value.dtype.kind == "f":
            assert check_outputs(workload, {**right, name: np.full_like(value, np.nan)}) != ""
    assert right or kernel.name == "noop"
