"""Cases without an estimate are told once per reason, with no word more than needed."""

from __future__ import annotations

from ffi_spectrum.report.gaps import gaps_of

from .fakes import estimate, refused


def test_a_rung_that_lacks_everything_is_named_alone() -> None:
    rows = [estimate(kernel=k) for k in ("noop", "saxpy")]
    rows += [
        refused("pywasm", "not installed", kernel=k, form=f) for k in ("noop", "saxpy") for f in ("prebound", "fresh")
    ]
    (gap,) = gaps_of(rows)
    assert (gap.status, gap.subject, gap.reason) == ("unavailable", "pywasm", "not installed")


def test_one_reason_of_several_rungs_is_one_gap() -> None:
    reason = "no C compiler"
    (gap,) = gaps_of([estimate("python"), refused("cext", reason), refused("ctypes", reason)])
    assert gap.subject == "cext, ctypes"


def test_kernels_are_named_where_only_some_are_meant() -> None:
    rows = [estimate("stdlib", kernel="crc32"), refused("stdlib", "no such function", kernel="noop")]
    (gap,) = gaps_of(rows)
    assert gap.subject == "stdlib (noop)"


def test_sizes_are_named_where_only_some_are_meant() -> None:
    rows = [
        estimate("pywasm", size=8),
        refused("pywasm", "too slow", size=65536),
        refused("pywasm", "too slow", size=1024),
    ]
    (gap,) = gaps_of(rows)
    assert gap.subject == "pywasm (saxpy at 65,536, saxpy at 1,024)"


def test_a_rung_that_lacks_one_way_only_is_named_with_that_way() -> None:
    rows = [estimate("ctypes"), refused("ctypes", "it crashed", "failed", form="fresh", variant="ndpointer")]
    (gap,) = gaps_of(rows)
    assert (gap.status, gap.subject) == ("failed", "ctypes.ndpointer fresh/host")


def test_the_same_reason_under_two_statuses_is_two_gaps() -> None:
    rows = [estimate("python"), refused("cext", "it", "failed"), refused("ctypes", "it", "skipped")]
    assert [(gap.status, gap.subject) for gap in gaps_of(rows)] == [("failed", "cext"), ("skipped", "ctypes")]
