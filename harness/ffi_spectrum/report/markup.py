"""The pieces of Markdown that every document needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ffi_spectrum.report.remote import Sheet


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], alignment: str) -> str:
    """A table; `alignment` has an "l" or "r" for each column, and cells are Markdown already."""
    rules = ["---:" if side == "r" else "---" for side in alignment]
    lines = [headers, rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sheet_markdown(sheet: Sheet) -> str:
    """A table that is text already, below its title; the first column is code, and numbers do not break."""
    rows = [(f"`{row[0]}`", *map(unbroken, row[1:])) for row in sheet.rows]
    return f"**{plain(sheet.title)}**\n\n{table(sheet.headers, rows, sheet.alignment)}"


def unbroken(text: str) -> str:
    """The same text with no place where a narrow column may break it; a minus before a digit stays what it is."""
    return re.sub(r"-(?=[a-z])", "\N{NON-BREAKING HYPHEN}", text.replace(" ", "\N{NO-BREAK SPACE}"))


def plain(text: str) -> str:
    """Free text that must not be read as Markdown."""
    for character in "\\|*<>`[]":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
