"""The model's tables: what stands in a cell, and which rows there are."""

from __future__ import annotations

import json
import math
from functools import cache

import numpy as np
import pytest

from ffi_spectrum.analysis.advantage import advantages
from ffi_spectrum.analysis.break_even import Range, Wins
from ffi_spectrum.analysis.curve import Curve
from ffi_spectrum.analysis.interval import Interval
from ffi_spectrum.analysis.model import Way, build_model
from ffi_spectrum.analysis.model_check import check_model
from ffi_spectrum.analysis.resample import DRAWS, Sampled
from ffi_spectrum.report import amounts
from ffi_spectrum.report.model import break_even_sheets, cheapest_variants, model_sheets
from ffi_spectrum.report.model_check import check_json, check_sheet
from ffi_spectrum.report.model_json import model_json
from ffi_spectrum.report.remote import Sheet

from ..sweeps import Law, axis, sweep

LAWS = {
    "cheap": Law(empty=20.0),
    "release": Law(empty=45.0),
    "copier": Law(empty=100.0, payload=lambda nbytes: (0.05 if nbytes <= 32768 else 0.2) * nbytes),
    "slow": Law(empty=15.0, step=20.0, has_far=False),
}
TWINS = {"release": "cheap"}


@cache
def ways() -> tuple[Way, ...]:
    return tuple(build_model(sweep(LAWS), axis))


@cache
def sheets(*rungs: str) -> dict[str, Sheet]:
    return {sheet.title: sheet for sheet in model_sheets(ways(), TWINS, rungs)}


def row(sheet: Sheet, first: str) -> tuple[str, ...]:
    return next(row for row in sheet.rows if row[0] == first)


def number(text: str) -> float:
    return float(text.split()[0].replace(",", ""))


def test_one_call_is_split_into_its_parts() -> None:
    sheet = sheets()["one call"]
    assert [row[0] for row in sheet.rows] == ["floor.dlsym", *LAWS]
    _, empty, gil, result, argument, over = row(sheet, "release")
    assert (number(empty), number(gil)) == pytest.approx((46, 25), rel=0.02)
    assert (number(result), number(argument)) == pytest.approx((6, 5), abs=0.5)
    assert over == "1 to 8"
    assert row(sheet, "cheap")[2] == "-"


def test_a_payload_has_a_row_for_each_line_of_a_rung_that_copies() -> None:
    rows = sheets()["payload, prebound"].rows
    at = [row[0] for row in rows].index("copier")
    first, second = rows[at : at + 2]
    assert first[1] == "host"
    assert first[4:] == ("1 B to 32.8 kB", first[5])
    assert second[:5] == ("", "", "", "", "65.5 kB to 8.39 MB")
    assert (number(first[5]), number(second[5])) == pytest.approx((20, 5), rel=0.02)
    assert number(first[3]) == pytest.approx(117 / 0.05 / 1000, rel=0.03)
    assert row(sheets()["payload, prebound"], "cheap")[3:] == ("never", "1 B to 8.39 MB", "-")
    assert sheets()["payload, fresh"].rows == ()


def test_work_has_both_sides_and_the_shares() -> None:
    sheet = sheets()["work"]
    assert sheet.headers[3:] == ("50 %", "10 %", "1 %")
    _, step, there, *shares = row(sheet, "cheap")
    assert (number(step), number(there)) == pytest.approx((1.2, 1.2), rel=0.02)
    assert number(shares[0]) == pytest.approx(36, rel=0.03)
    assert shares[2].endswith(" us")
    assert row(sheet, "slow")[2:] == ("-", "-", "-", "-")


def test_rungs_limit_the_rows() -> None:
    assert {row[0] for row in sheets("cheap")["one call"].rows} == {"cheap"}
    assert "kernels, prebound" in sheets("cheap")
    assert "kernels, prebound" not in sheets()


def test_break_even_has_a_row_for_every_other_rung() -> None:
    (sheet,) = break_even_sheets(advantages(cheapest_variants(ways())), ["copier"])
    assert sheet.title == "copier: where another rung wins"
    assert [row[0] for row in sheet.rows] == ["cheap", "release", "slow"]
    _, prebound, fresh, calls, work = row(sheet, "slow")
    assert (prebound, fresh, calls) == ("always", "-", "-")
    assert work.startswith("≤")
    assert row(sheet, "cheap")[1:] == ("always", "-", "always", "always")


def test_of_variants_the_cheapest_is_compared() -> None:
    everything = list(ways())
    first = next(way for way in everything if way.case.rung == "copier" and way.payload)
    dear, cheap = (
        type(first)(type(first.case)("", 0, "both", "prebound", "host", name), first.points, payload=payload)
        for name, payload in (("b", first.payload), ("a", row_curve("cheap")))
    )
    assert cheapest_variants([dear, cheap]) == [cheap]
    assert cheapest_variants([cheap, dear]) == [cheap]


def row_curve(rung: str) -> Curve | None:
    return next(way.payload for way in ways() if way.case.rung == rung and way.payload)


def test_the_check_names_the_worst_case() -> None:
    scores = check_model(ways())
    sheet = check_sheet(scores)
    assert [row[0] for row in sheet.rows] == ["floor", *LAWS]
    assert all(row[2].isdigit() and row[3].isdigit() for row in sheet.rows)
    assert {row[-1] for row in sheet.rows} <= {"", "miss"}
    rows = [check_json(score) for score in scores]
    assert rows[1]["rung"] == "cheap"
    assert rows[1]["worst"]["error"] == scores[1].p95 or rows[1]["worst"]["error"] > scores[1].p95
    assert rows[1]["is_miss"] is False


def test_json_is_valid_and_whole() -> None:
    rows = json.loads(json.dumps(model_json(ways(), TWINS, advantages(ways())), allow_nan=False))
    assert len(rows) == len(ways())
    copier = next(row for row in rows if row["rung"] == "copier" and row["placement"] == "host")
    assert copier["payload"]["lines"][0]["slope"][0] == pytest.approx(0.05, rel=0.02)
    assert copier["payload"]["jumps"] == [[32768, 65536]]
    assert copier["n_half_bytes"]["verdict"] == "somewhere"
    against = {other["against"]["rung"]: other for other in copier["break_even"]}
    assert against["cheap"]["payload_bytes"] == {"verdict": "always", "ranges": []}
    scalars = next(row for row in rows if row["rung"] == "release" and row["placement"] == "none")
    assert scalars["gil_ns"][0] == pytest.approx(25, rel=0.03)
    assert scalars["work_ns_at_share"]["0.5"]["verdict"] == "somewhere"
    assert scalars["arguments"]["nodes"][0][0] == 1


EXACT = Interval(8340.0, 8340.0, 8340.0)


@pytest.mark.parametrize(
    ("wins", "text"),
    [
        (None, "-"),
        (Wins("always"), "always"),
        (Wins("outside"), "beyond"),
        (Wins("unknown"), "-"),
        (Wins("somewhere", (Range(EXACT),)), "≥8.34 kB"),
        (Wins("somewhere", (Range(Interval(8340, 8000, 8400)),)), "≥8.34 ±0.34 kB"),
        (Wins("somewhere", (Range(None, EXACT),)), "≤8.34 kB"),
        (Wins("somewhere", (Range(Interval(12, 11, 13), EXACT, True),)), "?12.0 B to 8.34 kB"),
        (Wins("somewhere", (Range(None, Interval(12, 12, 12)), Range(EXACT))), "≤12.0 B, ≥8.34 kB"),
    ],
)
def test_cells(wins: Wins | None, text: str) -> None:
    assert amounts.cell(wins, amounts.payload) == text


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 B"), (999, "999 B"), (16384, "16.4 kB"), (999_600, "1.00 MB"), (2**24, "16.8 MB")]
)
def test_bytes(count: int, text: str) -> None:
    assert amounts.nbytes(count) == text


def test_calls_and_bandwidth() -> None:
    assert amounts.calls(Interval(1454, 1400, 1460)) == "1,454 ±54"
    assert amounts.calls(Interval(6, 6, 6)) == "6"
    spread = np.linspace(0.049, 0.051, DRAWS)
    assert amounts.bandwidth(Sampled(0.05, spread)).startswith("20.0 ±0.")
    assert amounts.bandwidth(Sampled(0.05, spread - 0.05)) == "-"
    assert math.isclose(number(amounts.bandwidth(Sampled(0.05, spread))), 20)
