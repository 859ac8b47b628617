"""Every rung on every pinned vector, in each of its ways."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ffi_spectrum.case import Case
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.base import Rung

from .agreement import Outputs, difference, run, typed
from .cells import CLASSES, ways
from .data import has_subnormals
from .opened import OpenRungs
from .vectors import Vector, element_count, load_vectors

# tests/vectors/README.md: what a sum in any order may differ by, where a vector is not exact
INEXACT = {"float32": 4e-6, "float64": 1e-13}


def way_cases() -> list[Any]:
    return [
        pytest.param(way, id=way.id) for name in CLASSES for kernel in KERNELS.values() for way in ways(name, kernel)
    ]


def largest_input(vector: Vector) -> float:
    """The largest finite input, which a sum's rounding error is relative to when its terms cancel."""
    numbers = [np.abs(np.asarray(v)) for v in vector.workload.values.values() if not isinstance(v, bytes)]
    finite = [float(n.max(initial=0.0, where=np.isfinite(n))) for n in numbers if n.dtype.kind == "f"]
    return max(finite, default=0.0)


def disagreement(rung: Rung, vector: Vector, outputs: Outputs) -> str:
    kernel = vector.workload.kernel
    if vector.is_exact and rung.info.agreement == "bit-identical":
        return difference(kernel, outputs, vector.outputs)
    got, want = typed(kernel, outputs), typed(kernel, vector.outputs)
    for name in got:
        relative, absolute = INEXACT.get(str(want[name].dtype), 0.0), 0.0
        if vector.is_exact:
            relative = kernel.tolerance.relative
            absolute = kernel.tolerance.absolute + relative * largest_input(vector)
        if got[name].shape != want[name].shape or not np.allclose(
            got[name], want[name], relative, absolute, equal_nan=True
        ):
            return f"{kernel.name}.{name}: {got[name]!r} instead of {want[name]!r}"
    return ""


@pytest.mark.parametrize("case", way_cases())
def test_vectors(case: Case, rungs: OpenRungs) -> None:
    kernel = KERNELS[case.kernel]
    rung = rungs.get(case.rung, kernel)
    vectors = load_vectors(kernel)
    assert vectors
    used = 0
    for vector in vectors:
        if rung.missing(kernel, element_count(vector.workload)):
            continue  # a rung for small sizes
        if rung.info.flushes_subnormals and has_subnormals(vector.workload):
            continue
        used += 1
        with np.errstate(all="ignore"):
            try:
                outputs = run(rung, vector.workload, case)
            except ValueError:
                # Python's math raises where C returns NaN (documentation of `math`: "Annex F ... invalid")
                assert rung.info.agreement == "tolerance"
                assert np.isnan(vector.outputs["return"])
                continue
        assert disagreement(rung, vector, outputs) == "", vector.note
    assert used
