"""The tables of chains and placements."""

from __future__ import annotations

from ffi_spectrum.analysis.device.chain import ChainTrials, chain_trials
from ffi_spectrum.report.device.chain import chain_sheets
from tests.unit.chain_samples import sample


def test_each_table_has_the_figures_of_the_samples() -> None:
    chain, apart, saved, placed = chain_sheets(chain_trials([sample(wrong=1)]))
    assert chain.title == "Dense layers in a chain, an iteration; copies alone: 20.0 us"
    assert chain.headers == ("path", "kernels", "strategy", "3 layers", "100 layers", "a layer", "wrong")
    assert ("cupy_raw", "three", "pipelined", "74.0 us", "1.82 ms", "18.2 us", "0") in chain.rows
    assert ("cupy_raw", "fused", "pipelined", "41.0 us", "720 us", "7.20 us", "2") in chain.rows
    assert ("c", "three", "7.50 us", "8.10 us") in apart.rows
    assert ("one kernel for three, CuPy", "33.0 us", "32.4 us", "1.10 ms", "1.08 ms") in saved.rows
    assert ("a late wait, CuPy", "81.0 us", "-", "2.70 ms", "-") in saved.rows
    assert placed.rows == (("saxpy", "4,096 B", "10.0 us", "25.0 us", "40.0 us", "2.50", "4.00", "0"),)
    for sheet in (chain, apart, saved, placed):
        assert {len(row) for row in sheet.rows} == {len(sheet.headers)}, sheet.title


def test_without_chains_there_is_nothing_to_show() -> None:
    assert list(chain_sheets(ChainTrials())) == []
