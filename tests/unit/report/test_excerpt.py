"""The excerpt is short, dated, and narrow: what a page of text can hold."""

from __future__ import annotations

from dataclasses import replace

from ffi_spectrum.report.excerpt import origin, to_excerpt

from .fakes import CHECKS, estimate, refused
from .test_documents import RUN

NBSP, HYPHEN = "\N{NO-BREAK SPACE}", "\N{NON-BREAKING HYPHEN}"


def lines_of(*rows: object) -> list[str]:
    return to_excerpt(RUN, rows, CHECKS).splitlines()  # type: ignore[arg-type]


def test_one_line_says_when_with_what_and_where() -> None:
    facts = {
        "cpu": "A | B *CPU*", "cpus": 2, "hypervisor": True, "system": "Linux 6.1", "governor": None,
        "implementation": "CPython", "python": "3.12.1",
        "packages": {"cffi": "2.1.1", "pywasm": None, "ziglang": "0.17.1"},
    }  # fmt: skip
    assert origin(replace(RUN, fingerprint=facts), "12 to 40 processes a panel") == (
        "Measured on 2026-11-24 by ffi-spectrum 0.1.0, profile quick, 12 to 40 processes a panel: "
        r"A \| B \*CPU\*, 2 CPUs, virtual machine, Linux 6.1, CPython 3.12.1, cffi 2.1.1, C by zig 0.17.1."
    )


def test_facts_that_are_unknown_are_left_out() -> None:
    assert origin(replace(RUN, fingerprint={}, artifacts={}), "12 processes a panel").endswith("a panel: unknown CPU.")


def test_each_form_is_a_table_whose_quantities_do_not_break() -> None:
    lines = lines_of(estimate("ctypes"), estimate("cext", form="fresh", ns_low=600.0))
    assert [line for line in lines if line.startswith("**")] == [
        "**saxpy, size 4,096, prebound**", "**saxpy, size 4,096, fresh**",
    ]  # fmt: skip
    call, boundary, tier = (text.replace(" ", NBSP) for text in ("655 ±5 ns", "352 ±8 ns", "type-checked"))
    assert f"| `ctypes` | host | {call} | {boundary} | 2.22 | {tier.replace('-', HYPHEN)} |" in lines
    assert any(line.startswith(f"| ~{NBSP}`cext` |") for line in lines)


def test_a_negative_boundary_keeps_its_minus() -> None:
    lines = lines_of(estimate("pywasm", boundary_ns=-50.0, boundary_low=-52.0, boundary_high=-49.0))
    assert any(f"| -50.0{NBSP}±2.0{NBSP}ns |" in line for line in lines)


def test_scalars_have_no_column_for_the_placement() -> None:
    lines = lines_of(estimate("ctypes", kernel="noop", size=0, placement="none"), refused("cext", "no compiler"))
    assert "| rung | time per call | boundary | times floor | checks |" in lines
    assert not any("cext" in line for line in lines)
