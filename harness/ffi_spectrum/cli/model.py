"""The command of the cost model."""

from __future__ import annotations

from pathlib import Path

import click

from ffi_spectrum.cli.group import PATH, echo_json, fail, json_option, main, open_screen


@main.command()
@click.argument("file", type=PATH)
@click.option("--rung", "rungs", multiple=True, help="Only this rung, with its kernels. Repeatable.")
@click.option("--check", "is_check", is_flag=True, help="Predict every second size from the others; exit 1 on a miss.")
@json_option
def model(file: Path, rungs: tuple[str, ...], is_check: bool, is_json: bool) -> None:
    """Say what call, argument, byte and work cost, and who wins when."""
    from ffi_spectrum.commands import model as command
    from ffi_spectrum.report.model_check import check_json

    ways = command.read_model(file, rungs)
    if is_check:
        scores = command.scores_of(ways, rungs, file)
        if is_json:
            echo_json([check_json(score) for score in scores])
        else:
            command.show_check(open_screen(), scores)
        if sentence := command.misses_of(scores):
            fail(sentence, 1)
    elif is_json:
        echo_json(command.rows_of(ways, rungs))
    else:
        command.show_model(open_screen(), ways, rungs)
