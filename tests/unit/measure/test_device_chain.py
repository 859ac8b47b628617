"""Chains of dense layers: exact in float32, sensitive to each step, and launched right by all ways but graphs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffi_spectrum.device.session import Session
from ffi_spectrum.errors import DeviceError
from ffi_spectrum.measure.device import chain, resident
from ffi_spectrum.measure.device.chain_arrays import ChainArrays
from ffi_spectrum.measure.device.layers import LARGEST, Layers, make_inputs, make_layers, outputs_after
from ffi_spectrum.rungs.device_rung import DeviceRung
from tests.unit.measure.host_device import HostCupyRaw, HostSession

NUMBERS = 3


def in_float32(layers: Layers, inputs: Any, largest: float = np.inf) -> Any:
    values = inputs.reshape(-1, inputs.shape[-1])
    for weights, bias in zip(layers.weights, layers.biases, strict=True):
        values = np.maximum(values @ weights + bias, np.float32(0))
        assert values.max() <= largest
    return values.reshape(inputs.shape)


def signed(values: Any) -> Any:
    return values[..., ::2] - values[..., 1::2]


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_float32_is_exact_and_the_numbers_only_move(count: int, seed: int) -> None:
    layers, inputs = make_layers(count, seed), make_inputs(2, seed)
    last = outputs_after(layers, inputs, [count])[count]
    assert np.array_equal(in_float32(layers, inputs, LARGEST), last)
    if count % 2 == 0:  # every bias has been taken away again: the absolute values are those of the input
        assert np.array_equal(np.sort(np.abs(signed(last))), np.sort(np.abs(signed(inputs))))


def test_a_thousand_layers_are_as_exact_as_one() -> None:
    layers, inputs = make_layers(1000, 1), make_inputs(4, 1)
    assert np.array_equal(in_float32(layers, inputs, LARGEST), outputs_after(layers, inputs, [1000])[1000])


@pytest.mark.parametrize("at", [0, 11, 39])
def test_no_step_can_be_left_out_or_changed_unnoticed(at: int) -> None:
    layers, inputs = make_layers(40, 2), make_inputs(1, 2)
    right = outputs_after(layers, inputs, [40])[40]
    order = [*range(at), *range(at + 1, 40)]
    without_bias = layers.biases.copy()
    without_bias[at] = 0
    others = (Layers(layers.weights[order], layers.biases[order]), Layers(layers.weights, without_bias))
    assert all(not np.array_equal(in_float32(other, inputs), right) for other in others)
    assert not np.array_equal(without_relu(layers, inputs, at), right)
    assert not np.array_equal(in_float32(layers, inputs + np.eye(1, inputs.shape[-1], dtype=np.float32)), right)


def without_relu(layers: Layers, inputs: Any, at: int) -> Any:
    values = inputs.reshape(-1, inputs.shape[-1])
    for number, (weights, bias) in enumerate(zip(layers.weights, layers.biases, strict=True)):
        values = values @ weights + bias
        values = values if number == at else np.maximum(values, 0)
    return values.reshape(inputs.shape)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> HostSession:
    session = HostSession()
    for module in ("chain", "chain_arrays", "resident"):
        monkeypatch.setattr(f"ffi_spectrum.measure.device.{module}.translated", lambda doing: nullcontext())
    monkeypatch.setattr(chain, "stream_wait", lambda: session.wait)
    monkeypatch.setattr(chain, "has_cublas", lambda: True)
    monkeypatch.setattr(chain, "graph_ways", lambda arrays, number: iter(()))
    monkeypatch.setattr(chain, "LAYERS", (NUMBERS, NUMBERS + 1))
    monkeypatch.setattr(resident, "SIDES", (8, 24))
    return session


@pytest.fixture
def paths(host: HostSession) -> Mapping[str, DeviceRung]:
    return {"cupy_raw": HostCupyRaw(host)}


def test_every_way_gives_what_the_oracle_says(host: HostSession, paths: Mapping[str, DeviceRung]) -> None:
    sample = chain.sample_chain(cast("Session", host), paths)
    assert [one for one in sample.times if one.wrong] == []
    found = {(one.path, one.kernels, one.strategy) for one in sample.times if one.layers == NUMBERS}
    assert len(found) == len(sample.times) // 2 == 10
    assert {(part.path, part.kernels) for part in sample.parts} == {
        (path, kernels) for path in ("cupy_raw", "c") for kernels in ("three", "fused")
    }  # fmt: skip
    assert [one for one in sample.placed if one.wrong] == []
    assert len(sample.placed) == 2 * 2 * 3


def test_what_is_launched_and_waited_for(host: HostSession, paths: Mapping[str, DeviceRung]) -> None:
    layer = {
        "three": ["matmul", "bias_add", "relu"],
        "fused": ["dense_relu"],
        "cuBLAS": ["multiply", "bias_add", "relu"],
    }
    arrays = ChainArrays(cast("Session", host), make_layers(NUMBERS, 0))
    for way in chain.ways(arrays, paths, NUMBERS):
        host.launches.clear()
        chain.compile_way(arrays, way, NUMBERS)()
        each = [step for kernel in layer[way.kernels] for step in (kernel, "wait")]
        expected = each if way.strategy == "per_call" else layer[way.kernels]
        assert host.launches == [*NUMBERS * expected, "wait"], way.kernels
        assert len(layer[way.kernels]) == way.launches


def test_a_wrong_result_is_counted(
    host: HostSession, paths: Mapping[str, DeviceRung], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = HostSession.run

    def spoilt(self: HostSession, kernel: str, grid: Any, block: Any, arguments: tuple[Any, ...]) -> None:
        right(self, kernel, grid, block, arguments)
        if kernel == "relu":
            (arguments[1].values if hasattr(arguments[1], "values") else arguments[1])[-1, -1] += 1

    monkeypatch.setattr(HostSession, "run", spoilt)
    times = chain.sample_times(cast("Session", host), paths)
    assert all(one.wrong >= len(one.elapsed_ns) for one in times if one.kernels in ("three", "cuBLAS"))
    assert all(one.wrong == 0 for one in times if one.kernels in ("fused", "none"))


def test_the_driver_s_error_is_raised(host: HostSession) -> None:
    host.error = 1
    with pytest.raises(DeviceError, match="a chain"):
        chain.sample_times(cast("Session", host), {})


def test_a_list_ends_at_the_first_wait_that_fails(host: HostSession) -> None:
    host.wait_error = 700
    arrays = ChainArrays(cast("Session", host), make_layers(NUMBERS, 0))
    launches, count = arrays.prepared("three", NUMBERS)
    assert host.launcher.launch_list(launches, count, host.wait) == 700
    assert host.launches == ["matmul", "wait"]


def test_without_cupy_s_path_there_are_the_others(host: HostSession) -> None:
    sample = chain.sample_chain(cast("Session", host), {})
    assert {one.path for one in sample.times} == {"", "c"}
    assert sample.placed == []


def test_a_problem_s_oracle_is_the_product() -> None:
    problem = resident.make_problem(24, 5)
    for inputs, scaled, layer in zip(problem.inputs, *problem.expected.values(), strict=True):
        x, y = (inputs[name].astype(np.float64) for name in "xy")
        assert np.array_equal(layer, np.maximum(x @ problem.weights.astype(np.float64) + problem.bias, 0))
        assert np.array_equal(scaled, resident.SCALE * x + y)
        assert (layer == 0).any()
