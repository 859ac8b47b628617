"""What CONTRIBUTING.md says about adding a rung and a kernel is all there is to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from .scratch import DEADLINE_S, PACKAGE, ROOT, ScratchTree

RUNG = '''"""A scratch rung: ctypes under another name."""

from dataclasses import replace

from ffi_spectrum.rungs.ctypes import Ctypes


class Scratch(Ctypes):
    info = replace(Ctypes.info, name="scratch", purpose="shows that one file and one line are enough")
'''
KERNEL_C = """#include "ffis.h"

void ffis_triple(const double *restrict x, double *restrict out, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) { out[i] = 3.0 * x[i]; }
}
"""
PROTOTYPE = """/* out[i] = 3 * x[i]. */
FFIS_API void ffis_triple(const double *x, double *out, uint32_t size);

#endif
"""
KERNEL_PY = '''"""triple: out = 3 * x."""

from ffi_spectrum.kernels.spec import Argument, Expression, KernelSpec, Missing, Tolerance, call_of, vector_dims


def triple(x, out):
    out[:] = [3 * x_i for x_i in x]


TRIPLE = KernelSpec(
    name="triple",
    summary="out = 3 * x, float64",
    arguments=(
        Argument("x", "in", "float64", ("size",)),
        Argument("out", "out", "float64", ("size",)),
        Argument("size", "length", "uint32"),
    ),
    dims=vector_dims,
    inputs=lambda rng, dims: {"x": rng.standard_normal(dims["size"])},
    oracle=lambda values, dims: {"out": values["x"] + values["x"] + values["x"]},
    operations=lambda dims: dims["size"],
    python=call_of(triple, "x", "out"),
    stdlib=Missing("the standard library has no array arithmetic"),
    numpy=Expression("x.__mul__(3.0)", value_of="out"),
    bench_size=64,
    tolerance=Tolerance(relative=2**-51),
)
'''


@pytest.fixture
def extended(tree: ScratchTree) -> ScratchTree:
    """The sources with a new rung and a new kernel, added exactly as CONTRIBUTING.md says."""
    tree.add_rung("scratch", "Scratch", RUNG)
    tree.write("native/kernels/triple.c", KERNEL_C)
    header = (tree.root / "native/include/ffis.h").read_text()
    tree.write("native/include/ffis.h", header[: header.rindex("#endif")] + PROTOTYPE)
    tree.write(PACKAGE / "kernels/triple.py", KERNEL_PY)
    line = "from ffi_spectrum.kernels.sum8 import SUM8\n"
    tree.edit(PACKAGE / "kernels/table.py", line, f"{line}from ffi_spectrum.kernels.triple import TRIPLE\n")
    tree.edit(PACKAGE / "kernels/table.py", "NOOP, ADD", "TRIPLE, NOOP, ADD")
    return tree


def test_the_new_kernel_is_measured_on_every_rung_and_the_new_rung_on_every_kernel(extended: ScratchTree) -> None:
    done = extended.run("bench", "--kernel", "triple", "--out", "triple.jsonl")
    assert done.returncode == 0, done.stderr
    rows = json.loads(extended.run("show", "triple.jsonl", "--json").stdout)
    assert {row["rung"] for row in rows if row["status"] == "ok"} >= {"floor", "scratch", "ctypes", "python", "numpy"}
    assert not [row for row in rows if row["status"] == "failed"]
    done = extended.run("bench", "--rung", "scratch", "--out", "scratch.jsonl")
    assert done.returncode == 0, done.stderr
    rows = json.loads(extended.run("show", "scratch.jsonl", "--json").stdout)
    measured = {row["kernel"] for row in rows if row["rung"] == "scratch" and row["status"] == "ok"}
    assert measured == {row["kernel"] for row in rows}
    assert len(measured) == 13


def test_conformance_picks_both_up_without_a_new_test(extended: ScratchTree) -> None:
    shutil.copytree(ROOT / "tests", extended.root / "tests", ignore=shutil.ignore_patterns("__pycache__", "faults"))
    shutil.copy(ROOT / "pyproject.toml", extended.root)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance/test_results.py"]
    done = subprocess.run(
        [*command, "-k", "(scratch and add) or (triple and ctypes)"],
        capture_output=True, text=True, timeout=DEADLINE_S, env=extended.environment(), cwd=extended.root,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
