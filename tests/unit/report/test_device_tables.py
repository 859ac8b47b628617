"""Tables of graphs, kernels of known length and the launch queue, from made-up samples with every field."""

from __future__ import annotations

from ffi_spectrum.analysis.device.durations import duration_rows
from ffi_spectrum.analysis.device.graphs import graph_costs, graph_rows
from ffi_spectrum.analysis.device.queue import QueuePoints, queue_points
from ffi_spectrum.report.device.durations import duration_sheets
from ffi_spectrum.report.device.graphs import graph_sheets
from ffi_spectrum.report.device.queue import queue_sheets
from ffi_spectrum.report.remote import Sheet
from ffi_spectrum.results.device.durations import Durations
from ffi_spectrum.results.device.graphs import GraphLaunches, GraphTimes
from ffi_spectrum.results.device.queue import Fill, QueueSample, Rows
from ffi_spectrum.results.device.sample import DeviceSample

NODES = (16, 64, 256)
SAMPLE = DeviceSample(
    0, 0,
    graphs=[GraphTimes(n, [10], [20], [], [9_000 + 900 * n], [40_000 + 4_000 * n], [5], [6], 0) for n in NODES],
    graph_launches=[
        GraphLaunches(n, 4, {"cuda_bindings": [8_000 + 8 * n], "cupy": [8_800], "c": [7_400]}, [200], 0) for n in NODES
    ],
    durations=[
        Durations(d, 10, {"p": [10 * d + 120_000]}, {"p": [10 * max(d + 2_000, 6_000)]}, [10 * d + 9_000],
                  {"early": [10 * d + 5_000], "late": [10 * d + 6_000]}, [d], 0)
        for d in (2_000, 10_000, 1_000_000)
    ],
    queue=QueueSample(
        {"p": [Rows(d, 128, [640_000], [128 * d], [128 * max(d + 1_000, 5_000)]) for d in (1_000, 8_000)]},
        [Rows(d, 128, [300_000], [128 * d], [128 * (d + 1_000)]) for d in (1_000, 8_000)],
        {"p": Fill(20_000_000, 32, [128_000] * 32 + [15_000_000] + [64_000] * 31, [(1_030, 14_900_000)])},
    ),
)  # fmt: skip


def cells(sheet: Sheet) -> list[dict[str, str]]:
    return [dict(zip(sheet.headers, row, strict=True)) for row in sheet.rows]


def test_graphs() -> None:
    times, launches, lines = graph_sheets(list(graph_rows([SAMPLE])), graph_costs([SAMPLE]))
    assert cells(times)[1]["launch"] == "2.13 us"
    assert cells(launches)[0]["C"] == "1.80 us"
    assert cells(launches)[0]["cupy to C"] == "1.22"
    by_path = {row["path"]: row for row in cells(lines)}
    assert (by_path["cuda_bindings"]["fixed"], by_path["cuda_bindings"]["per node"]) == ("2.00 us", "2.00 ns")
    assert (by_path["replay"]["per node"], by_path["replay"]["to C"]) == ("900 ns", "-")


def test_durations() -> None:
    times, small, models = duration_sheets(list(duration_rows([SAMPLE])), 3)
    assert "3 dependent kernels did not wait" in times.title
    ten = cells(times)[1]
    assert (ten["row hides"], ten["graph hides"], ten["early hides"]) == ("83.3%", "92.5%", "95.8%")
    assert cells(small)[0] == {"path": "p", "in a row": "200 us", "graph": "90.0 us", "both": "200 us"}
    assert {row["launched"]: row["holds"] for row in cells(models)} == {
        "wait each": "host + latency + d", "in a row": "max(host, d + gap)",
    }  # fmt: skip


def test_queue() -> None:
    dry, full = queue_sheets(queue_points([SAMPLE]))
    (row,) = cells(dry)
    assert (row["host"], row["host - gap"], row["idle 1 us"], row["idle 8 us"]) == ("5.00 us", "3.99 us", "80%", "11%")
    assert row["idle 24 us"] == "-"
    (row,) = cells(full)
    assert (row["full after"], row["waited"], row["seen"]) == ("1,030", "14.9 ms", "1 of 1")
    assert (row["last 512"], row["beyond"]) == ("4.00 us", "2.00 us")


def test_without_samples_there_are_no_tables() -> None:
    assert list(graph_sheets([], graph_costs([]))) == []
    assert list(duration_sheets([], 0)) == []
    assert list(queue_sheets(QueuePoints())) == []
