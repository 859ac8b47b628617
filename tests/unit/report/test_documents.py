"""Markdown and HTML carry the same facts as the tables, and say when, where and with what they were measured."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from ffi_spectrum.report.html import to_html
from ffi_spectrum.report.markdown import to_markdown
from ffi_spectrum.results.record import RunRecord

from .fakes import CHECKS, estimate, refused

COMMAND = "ffi-spectrum bench --profile quick --kernel saxpy --seed 3"
LIBRARY: dict[str, Any] = {
    "name": "libffis.so", "compiler": "zig", "version": "0.17.1", "target": "x86_64", "triple": "x86_64-linux-gnu.2.28",
    "build": "timed", "flags": ["-O3", "-Wl,--export=ffis_add"], "seconds": 3.64, "nbytes": 12_104, "sha256": "a",
}  # fmt: skip
RUN = RunRecord(
    plan={"profile": {"name": "quick", "looks": [12], "cap_s": None, "rounds": 9}, "panels": {}, "seed": 3},
    plan_sha256="", library_sha256="", created="2026-11-24T06:33:58+00:00", version="0.1.0",
    fingerprint={"cpu": "A | B *CPU*", "governor": None, "packages": {"cffi": "2.1.1", "pywasm": None}},
    artifacts={"ctypes": {"library": LIBRARY}, "cext": {"library": dict(LIBRARY)}},
)  # fmt: skip
ROWS = [
    estimate("ctypes", ns_low=600.0, ns_high=700.0),
    estimate("cext", form="fresh"),
    refused("pywasm", "<b>not</b> installed"),
    refused("cffi_api", "zig failed with exit code 1:\nkernel.c:3: error: *p\n    ^"),
]


def cells(document: str, start: str) -> list[str]:
    (line,) = [line for line in document.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.fixture
def markdown() -> str:
    return to_markdown(RUN, ROWS, CHECKS, COMMAND)


def test_the_document_is_dated_and_says_how_to_make_it_again(markdown: str) -> None:
    assert "Measured 2026-11-24T06:33:58+00:00 by ffi-spectrum 0.1.0, profile quick: 12 processes a panel" in markdown
    assert f"```sh\n{COMMAND}\n```" in markdown


def test_every_quantity_has_a_cell(markdown: str) -> None:
    assert cells(markdown, "| fresh") == [
        "fresh", "`cext`", "host", "655 ns", "650 to 658", "352 ns", "348 to 360", "2.22", "31.1", "error-safe",
    ]  # fmt: skip
    assert cells(markdown, "| prebound")[1] == "~ `ctypes`"
    assert "~ imprecise:" in markdown


def test_the_machine_is_named_and_unknown_facts_are_left_out(markdown: str) -> None:
    assert r"| cpu | A \| B \*CPU\* |" in markdown
    assert "| packages | cffi 2.1.1 |" in markdown
    assert "governor" not in markdown


def test_an_artifact_that_two_rungs_share_is_listed_once_and_without_its_exports(markdown: str) -> None:
    expected = ["libffis.so", "zig 0.17.1", "x86_64-linux-gnu.2.28", "`-O3`", "3.6", "12.1 kB"]
    assert cells(markdown, "| libffis.so") == expected


def test_a_compilers_message_is_kept_as_it_is(markdown: str) -> None:
    item = r"- **unavailable**: cffi_api: zig failed with exit code 1:"
    assert f"{item}\n\n  ```text\n  kernel.c:3: error: *p\n      ^\n  ```" in markdown


def test_every_row_of_every_table_has_as_many_cells_as_its_header(markdown: str) -> None:
    tokens = MarkdownIt("js-default").parse(markdown)
    rows: list[int] = []
    for token in tokens:
        if token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append(0)
        elif token.type in ("td_open", "th_open"):
            rows[-1] += 1
        elif token.type == "table_close":
            assert len(rows) > 1
            assert len(set(rows)) == 1


class _Reader(HTMLParser):
    """Collects tags, attributes that would load something, and the text of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_stands_alone_and_shows_what_the_markdown_shows(markdown: str) -> None:
    reader = _Reader()
    page = to_html(markdown, "a < b")
    reader.feed(page)
    assert page.startswith("<!doctype html>")
    assert "<title>a &lt; b</title>" in page
    assert reader.loads == []
    assert "script" not in reader.tags
    assert "b" not in reader.tags  # the reason's own tag arrives as text
    assert {"655 ns", "348 to 360", "error-safe", "A | B *CPU*"} <= set(reader.texts)
    assert reader.tags.count("table") == 3
