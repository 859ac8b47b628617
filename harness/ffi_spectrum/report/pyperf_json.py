"""A results file as pyperf's JSON, for `pyperf stats`, `compare_to` and `hist`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ffi_spectrum.analysis.estimate import FLOOR, net_by_process
from ffi_spectrum.analysis.rounds import Net
from ffi_spectrum.errors import ResultsError
from ffi_spectrum.results.record import RunRecord
from ffi_spectrum.results.store import Results

# The version that every pyperf since 1.0 writes: pyperf, _bench.py, _JSON_VERSION.
_VERSION = "1.0"
# pyperf's names for facts that it knows (its documentation, "Metadata"); others keep ours.
_NAMES = {
    "cpu": "cpu_model_name", "cpus": "cpu_count", "system": "platform", "load_1min": "load_avg_1min",
    "python": "python_version", "implementation": "python_implementation",
}  # fmt: skip


def to_pyperf(results: Results) -> str:
    """One benchmark per case and one run per process; a value is a round, in seconds per call net of the empty loop.

    pyperf takes positive values only: rounds that the empty loop outlasted are left out and counted in the run's
    metadata (`rounds_not_positive`), and so is a process without others. Raises ResultsError where nothing is left.
    """
    benchmarks = []
    loops = _loops(results)
    for id, nets in net_by_process(results).items():
        runs = [
            _run(net, count) for net, count in zip(nets, loops[id], strict=True) if any(ns > 0 for ns in net.values())
        ]
        if runs:
            benchmarks.append({"metadata": {"name": id}, "runs": runs})
    if not benchmarks:
        raise ResultsError("nothing to export: no case was measured with a positive time")
    document = {"version": _VERSION, "metadata": _metadata(results.run), "benchmarks": benchmarks}
    return json.dumps(document, indent=1) + "\n"


def _loops(results: Results) -> dict[str, list[int]]:
    """Calls per block of every case, by process, in the order of `net_by_process`."""
    found: dict[str, list[int]] = defaultdict(list)
    for process in results.processes:
        for row in process.cases:
            series = process.far[row.far] if row.case.rung == FLOOR else row.series
            found[row.case.id].append(series.iterations)
    return found


def _run(net: Net, loops: int) -> dict[str, Any]:
    values = [ns * 1e-9 for ns in net.values() if ns > 0]
    left_out = {"rounds_not_positive": len(net) - len(values)} if len(values) < len(net) else {}
    return {"values": values, "metadata": {"loops": loops} | left_out}


def _metadata(run: RunRecord) -> dict[str, str | int | float]:
    """The fingerprint in pyperf's terms; it takes numbers and non-empty lines of text, and nothing nested."""
    facts: dict[str, Any] = {"unit": "second", "date": run.created, "ffi_spectrum_version": run.version}
    facts |= {"library_sha256": run.library_sha256, "overhead_policy": run.overhead_policy}
    for name, value in run.fingerprint.items():
        if isinstance(value, Mapping):
            facts |= {f"{name}_{key}": item for key, item in value.items()}
        else:
            facts[_NAMES.get(name, name)] = value
    lines = {name: " ".join(value.split()) if isinstance(value, str) else value for name, value in facts.items()}
    return {name: value for name, value in lines.items() if isinstance(value, int | float) or value}
