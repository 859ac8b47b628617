"""Chains of dense layers: known times come back, and the model is made of what was measured apart."""

from __future__ import annotations

import json
from dataclasses import asdict

import cattrs
import pytest

from ffi_spectrum.analysis.device.chain import ChainTrials, chain_trials
from ffi_spectrum.results.device.sample import DeviceSample
from tests.unit import chain_samples
from tests.unit.chain_samples import COPIES_NS, LAYER_NS, LAYERS, sample


@pytest.fixture(scope="module")
def trials() -> ChainTrials:
    """Three processes, the one in the middle without anything extra."""
    return chain_trials([sample(-500), sample(), sample(70_000, wrong=2)])


def test_rows_are_medians_of_all_processes(trials: ChainTrials) -> None:
    found = {(row.layers, row.path, row.kernels, row.strategy): row for row in trials.rows}
    assert found.pop((0, "", "none", "pipelined")).iteration_ns == COPIES_NS
    assert len(found) == len(LAYERS) * len(LAYER_NS)
    for (number, *way), row in found.items():
        path, kernels, strategy = way
        assert row.iteration_ns == COPIES_NS + number * LAYER_NS[path, kernels, strategy]
        assert row.layer_ns == pytest.approx(row.iteration_ns / number)
        assert row.iterations == 9
        assert row.wrong == (2 if (path, kernels) == ("cupy_raw", "fused") else 0)


def test_the_model_takes_the_slower_side_of_a_layer(trials: ChainTrials) -> None:
    models = {
        (row.path, row.kernels): row.model_ns
        for row in trials.rows
        if row.layers == 100 and row.strategy == "pipelined"
    }
    assert models == {
        ("cupy_raw", "three"): COPIES_NS + 100 * 17_700,
        ("cupy_raw", "fused"): COPIES_NS + 100 * 6_900,
        ("cupy_raw", "cuBLAS"): None,
        ("c", "three"): COPIES_NS + 100 * 8_100,
        ("c", "fused"): COPIES_NS + 100 * 3_300,
    }
    assert all(row.model_ns is None for row in trials.rows if row.strategy != "pipelined")


def test_savings_are_differences_of_ways_that_differ_in_one_thing(trials: ChainTrials) -> None:
    found = {row.step: (row.saved_ns, row.model_ns) for row in trials.savings if row.layers == 100}
    assert found == {
        "one kernel for three, CuPy": (1_100_000, 1_080_000),
        "one kernel for three, C": (550_000, 480_000),
        "launched from C, three kernels": (900_000, 960_000),
        "launched from C, one kernel": (350_000, 360_000),
        "a late wait, CuPy": (2_700_000, None),
        "a graph for C, three kernels": (300_000, None),
        "a graph for C, one kernel": (50_000, None),
    }


def test_placements(trials: ChainTrials) -> None:
    (row,) = trials.placed
    assert (row.kernel, row.nbytes, row.wrong) == ("saxpy", 4096, 0)
    assert row.times_ns == {"resident": 10_000, "pageable": 40_000, "pinned": 25_000}


def test_a_file_from_before_has_no_chains() -> None:
    assert chain_trials([DeviceSample(0, 0)]) == ChainTrials()
    assert chain_trials([]) == ChainTrials()


def test_a_sample_survives_its_line() -> None:
    one = chain_samples.sample()
    assert cattrs.Converter(forbid_extra_keys=True).structure(json.loads(json.dumps(asdict(one))), DeviceSample) == one
