"""Samples of chains with known times, for the estimators and for the tables."""

from __future__ import annotations

from collections.abc import Iterable

from ffi_spectrum.results.device.chain import ChainSample, ChainTimes, LayerParts, PlacedTimes
from ffi_spectrum.results.device.sample import DeviceSample

COPIES_NS = 20_000
# Nanoseconds per layer by path, kernels and strategy.
LAYER_NS = {
    ("cupy_raw", "three", "per_call"): 45_000,
    ("cupy_raw", "three", "pipelined"): 18_000,
    ("cupy_raw", "fused", "pipelined"): 7_000,
    ("cupy_raw", "cuBLAS", "pipelined"): 30_000,
    ("c", "three", "pipelined"): 9_000,
    ("c", "fused", "pipelined"): 3_500,
    ("graph", "three", "replayed"): 6_000,
    ("graph", "fused", "replayed"): 3_000,
}
# Host and device for a layer: the first is the larger for CuPy, the second for the launcher in C.
PARTS_NS = {
    ("cupy_raw", "three"): (17_700, 8_000),
    ("cupy_raw", "fused"): (6_900, 3_400),
    ("c", "three"): (7_500, 8_100),
    ("c", "fused"): (2_600, 3_300),
}
LAYERS = (3, 100)


def sample(extra_ns: int = 0, wrong: int = 0) -> DeviceSample:
    """What one process saw, each of its iterations `extra_ns` slower; `wrong` of them in each of CuPy's fused rows."""
    times = [ChainTimes(0, "", "none", "pipelined", [COPIES_NS + extra_ns] * 3, 0)]
    for number in LAYERS:
        for (path, kernels, strategy), layer_ns in LAYER_NS.items():
            spent = [COPIES_NS + number * layer_ns + extra_ns] * 3
            is_wrong = (path, kernels) == ("cupy_raw", "fused")
            times.append(ChainTimes(number, path, kernels, strategy, spent, wrong if is_wrong else 0))
    parts = [
        LayerParts(50, path, kernels, [50 * host] * 2, [50 * device] * 2)
        for (path, kernels), (host, device) in PARTS_NS.items()
    ]
    return DeviceSample(0, 0, chain=ChainSample(times, parts, list(_placed(extra_ns))))


def _placed(extra_ns: int) -> Iterable[PlacedTimes]:
    for placement, ns in (("resident", 10_000), ("pageable", 40_000), ("pinned", 25_000)):
        yield PlacedTimes("saxpy", 4096, placement, [ns + extra_ns] * 3, 0)
