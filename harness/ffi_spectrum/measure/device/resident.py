"""A call whose arrays are on the device, and the same with copies in and out each time, as a user of CuPy writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Any

import numpy as np

from ffi_spectrum.device.errors import translated
from ffi_spectrum.device.geometry import geometry
from ffi_spectrum.device.session import Session
from ffi_spectrum.measure.compiled import compile_function
from ffi_spectrum.results.device.chain import PlacedTimes
from ffi_spectrum.rungs.cupy_raw import CupyRaw
from ffi_spectrum.rungs.device_rung import DeviceRung

# Rows and columns of every array: 4 KiB, 256 KiB and 16 MiB of float32.
SIDES = (32, 256, 2048)
TRIALS, TRIALS_IF_LARGE, LARGE_SIDE = 10, 3, 1024
SCALE, LARGEST = 3.0, 3
_PLACEMENTS = ("resident", "pageable", "pinned")
# Of each kernel: the launch, and the arrays that a call brings along; the output is always `out`. Weights stay.
_CALLS = {
    "saxpy": ("saxpy(grid, block, (scale, x, y, out, size))", ("x", "y")),
    "dense_relu": ("dense_relu(grid, block, (x, weights, bias, out, m, k, n))", ("x",)),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Two sets of `inputs` by name, used in turn, and what each kernel makes of them: `expected` by kernel and set.

    Whole numbers that float32 holds exactly. The weights move columns and turn signs, so that the oracle needs no
    product: relu(x[:, order] * sign + bias).
    """

    side: int
    inputs: tuple[Mapping[str, Any], ...]
    weights: Any
    bias: Any
    expected: Mapping[str, tuple[Any, ...]]


def make_problem(side: int, seed: int) -> Problem:
    rng = np.random.default_rng(seed)

    def whole(*shape: int) -> Any:
        return rng.integers(-LARGEST, LARGEST + 1, shape, dtype=np.int8).astype(np.float32)

    inputs = tuple({"x": whole(side, side), "y": whole(side, side)} for _ in range(2))
    order, sign, bias = rng.permutation(side), rng.choice(np.array([-1, 1], np.float32), side), whole(side)
    weights = np.zeros((side, side), np.float32)
    weights[order, np.arange(side)] = sign
    scaled = tuple(np.float32(SCALE) * one["x"] + one["y"] for one in inputs)
    layers = tuple(np.maximum(one["x"][:, order] * sign + bias, 0) for one in inputs)
    return Problem(side, inputs, weights, bias, {"saxpy": scaled, "dense_relu": layers})


def sample_placed(session: Session, paths: Mapping[str, DeviceRung]) -> list[PlacedTimes]:
    """Each kernel, size and placement; nothing where "cupy_raw" is not among `paths`."""
    rung = paths.get("cupy_raw")
    if not isinstance(rung, CupyRaw):
        return []
    return [row for side in SIDES for row in _sample(session, rung, make_problem(side, side))]


def _sample(session: Session, rung: CupyRaw, problem: Problem) -> Iterator[PlacedTimes]:
    side, shape = problem.side, (problem.side, problem.side)
    with translated("allocating for calls"):
        names = {name: session.cupy.zeros(shape, np.float32) for name in ("x", "y", "out")}
    hosts = {
        "pageable": {name: np.zeros(shape, np.float32) for name in names},
        "pinned": {name: session.pinned(side * side, np.float32).reshape(shape) for name in names},
    }
    names |= {"weights": session.to_device(problem.weights), "bias": session.to_device(problem.bias)}
    names |= {name: np.uint32(side) for name in ("m", "k", "n")}
    names |= {"size": np.uint32(side * side), "scale": np.float32(SCALE), "_clock": perf_counter_ns}
    names["synchronize"] = session.stream.synchronize
    for kernel in _CALLS:
        dims = {"size": side * side} if kernel == "saxpy" else {"m": side, "k": side, "n": side}
        names["grid"], names["block"] = geometry(kernel, dims)
        names[kernel] = rung.kernel(f"ffis_{kernel}")
        for placement in _PLACEMENTS:
            yield _time(session, problem, kernel, placement, names, hosts.get(placement, {}))


def compile_call(kernel: str, names: Mapping[str, Any], host: Mapping[str, Any]) -> Callable[[], int]:
    """A function of one call and the wait for it: elapsed nanoseconds. Without host arrays nothing is copied."""
    launch, brought = _CALLS[kernel]
    sent = [f"{name}.set(host_{name})" for name in brought if host]
    received = ["out.get(out=host_out, blocking=False)"] if host else []
    body = ["_start = _clock()", *sent, launch, *received, "synchronize()", "return _clock() - _start"]
    every = {**names, **{f"host_{name}": array for name, array in host.items()}}
    return partial(compile_function(body, tuple(every)), *every.values())


def _time(
    session: Session, problem: Problem, kernel: str, placement: str, names: Mapping[str, Any], host: Mapping[str, Any]
) -> PlacedTimes:
    run, trials = compile_call(kernel, names, host), TRIALS if problem.side < LARGE_SIDE else TRIALS_IF_LARGE
    elapsed, wrong = [], 0
    for turn in range(trials + 1):
        for name in _CALLS[kernel][1]:
            if host:
                host[name][:] = problem.inputs[turn % 2][name]
            else:
                names[name].set(problem.inputs[turn % 2][name])
        session.synchronize()
        with translated(f"running {kernel}"):
            elapsed.append(run())
        result = host["out"] if host else session.to_host(names["out"])
        wrong += not np.array_equal(result, problem.expected[kernel][turn % 2])
    return PlacedTimes(kernel, problem.side**2 * 4, placement, elapsed[1:], wrong)
