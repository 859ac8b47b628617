"""Rewrite the tables that README.md and docs/*.md show, each by the command in its begin-mark.

    .venv/bin/python tools/embed_tables.py [--check]

A block is what stands between two comments, each on a line of its own; paths count from the root of the repository:

    <!-- begin: ffi-spectrum rungs --markdown -->
    <!-- end -->

With --check nothing is written, and the exit code is 1 where a block differs from what its command prints.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

from ffi_spectrum.cli import main as ffi_spectrum

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- begin: (?P<command>.+?) -->\n(?P<body>.*?)^<!-- end -->$", re.DOTALL | re.MULTILINE)
PROGRAM = "ffi-spectrum"


def pages(root: Path) -> list[Path]:
    """The documents that may hold blocks."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def output_of(command: str, root: Path) -> str:
    """What `command` prints when it runs in `root`; ends the process where it is not ours or fails."""
    program, *arguments = shlex.split(command)
    if program != PROGRAM:
        sys.exit(f"embed_tables: only {PROGRAM} may fill a block, not {command!r}")
    printed = io.StringIO()
    with contextlib.chdir(root), contextlib.redirect_stdout(printed):
        # without standalone mode click returns the exit code; a failing command has printed its sentence
        if ffi_spectrum.main(arguments, prog_name=PROGRAM, standalone_mode=False):
            sys.exit(f"embed_tables: `{command}` failed")
    return printed.getvalue()


def filled(text: str, root: Path) -> str:
    """The page with every block as its command prints it now."""

    def fill(block: re.Match[str]) -> str:
        return f"<!-- begin: {block['command']} -->\n\n{output_of(block['command'], root)}\n<!-- end -->"

    return BLOCK.sub(fill, text)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a block differs")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository; by default the one of this file")
    options = parser.parse_args(arguments)
    is_stale = False
    for page in pages(options.root):
        old = page.read_text(encoding="utf-8")
        new = filled(old, options.root)
        if new == old:
            continue
        is_stale = True
        print(f"{page.name} {'differs: run tools/embed_tables.py' if options.check else 'rewritten'}")
        if not options.check:
            page.write_text(new, encoding="utf-8")
    return 1 if is_stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
