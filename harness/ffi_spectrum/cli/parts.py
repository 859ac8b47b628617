"""Commands that take a results file apart: parts, strategies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ffi_spectrum.cli.group import PATH, echo_json, json_option, main, measured_filters, open_screen


@main.command()
@click.argument("file", type=PATH)
@measured_filters
@json_option
def parts(file: Path, is_json: bool, **filters: Any) -> None:
    """Say where the time of each call goes: parts that add up."""
    from ffi_spectrum.commands import parts as command
    from ffi_spectrum.commands.selection import Selection

    found = command.read_parts(file, Selection(**filters))
    if is_json:
        echo_json(command.rows_of(found))
    else:
        command.show_parts(open_screen(), found)


@main.command()
@click.argument("file", type=PATH)
@measured_filters
@json_option
def strategies(file: Path, is_json: bool, **filters: Any) -> None:
    """Say what batches, recorded lists and fused kernels save."""
    from ffi_spectrum.commands import strategies as command
    from ffi_spectrum.commands.selection import Selection

    found = command.read_strategies(file, Selection(**filters))
    if is_json:
        echo_json(command.rows_of(found))
    else:
        command.show_strategies(open_screen(), found)
