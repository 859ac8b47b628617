"""The tool that prints the device's targets: each line of the table from the recorded run, or why it has no figure."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

from .tools import ROOT, load_tool


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_tool("device_targets")


def test_every_target_of_the_table_has_its_line(
    tool: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["device_targets.py", "--json"])
    code = tool.main()
    rows = {row["target"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == [
        "one crossing, N launches / C loop", "cupy_driver / C loop", "cupy_raw / C loop, no arguments",
        "graph launch, slope", "graph launch, fixed part", "graph launch, R^2 of the line",
        "graph launch by cupy / from C", "graph launch by cuda_bindings / from C", "hidden at 10 us, CuPy in a row",
        "hidden at 10 us, graph", "hidden at 10 us, graph of dependent launches",
        "call to start, predicted by the parts", "call to flag, predicted by the parts",
        "crossing, predicted by a C no-op", "return to start, range over the paths", "CV between processes, worst row",
    ]  # fmt: skip
    for row in rows.values():
        if row["figure"] is None:
            assert row["state"] == "unavailable"
            assert row["detail"].startswith("not in this file")
        else:
            assert row["state"] in {"met", "missed"}
            assert row["detail"]
    assert code == int(any(row["state"] == "missed" for row in rows.values()))


def test_a_file_without_a_device_meets_and_misses_nothing(
    tool: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ROOT / "docs" / "results" / "quick-x86_64.jsonl"
    monkeypatch.setattr(sys, "argv", ["device_targets.py", str(path)])
    assert tool.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 16
    assert all("unavailable" in line and "not in this file" in line for line in lines)
