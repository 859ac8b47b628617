"""Commands of what a rung costs beside its calls: threads, costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from ffi_spectrum.cli.group import PATH, cc_option, echo_json, json_option, main, open_screen
from ffi_spectrum.errors import UsageError


def _refuse(exclusive: dict[str, bool]) -> None:
    given = [name for name, is_given in exclusive.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given[:2])} exclude each other: choose one")


rung_option = click.option("--rung", "rungs", multiple=True, help="Only this rung. Repeatable.")
show_option = click.option("--show", "file", type=PATH, metavar="FILE", help="Print a results file; measure nothing.")
out_option = click.option("--out", type=PATH, help="Results file; an existing one is continued.")
markdown_option = click.option("--markdown", "is_markdown", is_flag=True, help="Print Markdown instead of tables.")


@main.command()
@rung_option
@click.option("--processes", type=int, default=9, show_default=True, metavar="N", help="Fresh processes per row.")
@click.option("--call-ms", type=float, default=10.0, show_default=True, help="How long one call takes.")
@click.option("--window-ms", type=float, default=200.0, show_default=True, help="How long each thing is watched.")
@out_option
@show_option
@cc_option
@json_option
@markdown_option
def threads(
    rungs: tuple[str, ...], out: Path | None, file: Path | None, cc: str, is_json: bool, is_markdown: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Say which rungs scale with threads, and which stall others."""
    _refuse({"--show": file is not None, "--out": out is not None})
    _refuse({"--json": is_json, "--markdown": is_markdown})
    from ffi_spectrum.commands import threads as command

    screen = open_screen()
    if file is None:
        study, path = command.measure(screen, out, cc, rungs=rungs, **options)
    else:
        study, path = command.read(file), file
    estimates = command.estimates_of(study, rungs)
    if is_json:
        echo_json(command.rows_of(estimates))
    elif is_markdown:
        click.echo(command.markdown(study, estimates), nl=False)
    else:
        command.show(screen, estimates)
        if file is None:
            command.finish(screen, path)


@main.command()
@rung_option
@click.option("--builds", type=int, default=3, show_default=True, metavar="N", help="Builds from an empty cache.")
@click.option("--processes", type=int, default=6, show_default=True, metavar="N", help="Fresh processes per start.")
@click.option("--costs", "part", flag_value="costs", help="Only builds, starts and packages.")
@click.option("--portability", "part", flag_value="portability", help="Only which artifact moves where.")
@click.option("--python", "pythons", multiple=True, metavar="COMMAND", help="Another Python to try artifacts in.")
@out_option
@show_option
@cc_option
@json_option
@markdown_option
def costs(
    rungs: tuple[str, ...], part: Literal["costs", "portability"] | None, pythons: tuple[str, ...],
    out: Path | None, file: Path | None,
    cc: str, is_json: bool, is_markdown: bool, **options: Any,
) -> None:  # fmt: skip
    """Say what rungs take to build and to load, and what moves."""
    _refuse({"--show": file is not None, "--out": out is not None})
    _refuse({"--json": is_json, "--markdown": is_markdown})
    from ffi_spectrum.commands import costs as command

    screen = open_screen()
    if file is None:
        options |= {"rungs": rungs, "part": part or "all"}
        study, path = command.measure(screen, out, cc, pythons, **options)
    else:
        study, path = command.read(file), file
    if is_json:
        echo_json(command.rows_of(study, rungs, part or "all"))
    elif is_markdown:
        click.echo(command.markdown(study, rungs, part or "all"), nl=False)
    else:
        command.show(screen, study, rungs, part or "all")
        if file is None:
            command.finish(screen, path)
