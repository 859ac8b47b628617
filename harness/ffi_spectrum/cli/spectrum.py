"""Commands of the spectrum: measure, show, build, copy from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ffi_spectrum.cli.group import (
    PATH,
    cc_option,
    echo_json,
    json_option,
    main,
    measured_filters,
    open_screen,
    planned_filters,
)
from ffi_spectrum.cli.several import SeveralPythons, python_option
from ffi_spectrum.errors import BuildError, UsageError


@main.command(cls=SeveralPythons)
@click.option("--profile", default="quick", show_default=True, metavar="quick|full", help="How much to measure.")
@planned_filters
@click.option("--max-processes", type=int, metavar="N", help="Up to N processes a panel, whatever time they take.")
@click.option("--cap-s", type=float, metavar="S", help="No further look at a panel's intervals after S seconds of it.")
@click.option("--seed", type=int, help="Seed of the order of processes; chosen at random by default.")
@click.option(
    "--out", type=PATH, help="Results file; an existing one is resumed. [default: results/PROFILE-TIME.jsonl]"
)
@cc_option
@click.option("--list", "is_listing", is_flag=True, help="Print the cases with predicted times; measure nothing.")
@python_option
@click.option("--in-turns", is_flag=True, hidden=True, help="Wait for a line before each process, and show nothing.")
def bench(out: Path | None, is_listing: bool, pythons: tuple[str, ...], in_turns: bool, **options: Any) -> None:
    """Measure, and print a table per kernel."""
    from ffi_spectrum.commands.bench import list_plan, run_bench
    from ffi_spectrum.commands.interpreters import bench_in_turns, run_interpreters
    from ffi_spectrum.commands.request import Request

    request = Request(**options)
    if is_listing and pythons:
        raise UsageError("--list and --python exclude each other: the plan is the same under every interpreter")
    if in_turns and out is None:
        raise UsageError("--in-turns needs --out")
    if is_listing:
        list_plan(open_screen(), request)
    elif pythons:
        run_interpreters(open_screen(), request, pythons, out)
    elif in_turns and out:
        bench_in_turns(request, out)
    else:
        run_bench(open_screen(), request, out)


@main.command()
@click.argument("file", type=PATH)
@measured_filters
@json_option
def show(file: Path, is_json: bool, **filters: Any) -> None:
    """Print the estimates of a results file."""
    from ffi_spectrum.commands import report
    from ffi_spectrum.commands.selection import Selection

    selection = Selection(**filters)
    if is_json:
        echo_json(report.rows_of(file, selection))
    else:
        report.show(open_screen(), file, selection)


@main.command("report")
@click.argument("file", type=PATH)
@measured_filters
@click.option("--tables", "excerpt", flag_value="tables", help="Only date, machine and tables, in few columns.")
@click.option("--sheets", "excerpt", flag_value="sheets", help="Of these, only what another process or a device adds.")
@click.option("--trials", "excerpt", flag_value="trials", help="Only what was tried on a device beside its launches.")
@click.option(
    "--out", type=PATH, metavar="FILE.md|FILE.html", help="Where to write it; by default Markdown is printed."
)
def report_command(file: Path, out: Path | None, excerpt: str | None, **filters: Any) -> None:
    """Write a results file as Markdown or HTML."""
    from ffi_spectrum.commands import report
    from ffi_spectrum.commands.selection import Selection

    text = report.report(file, out, Selection(**filters), excerpt or "")
    if out is None:
        click.echo(text, nl=False)
    else:
        report.save(text, out)
        click.echo(f"wrote {out}")


@main.command()
@cc_option
@json_option
@click.option("--markdown", "is_markdown", is_flag=True, help="Print what they are as Markdown tables; build nothing.")
def rungs(cc: str, is_json: bool, is_markdown: bool) -> None:
    """List the rungs, and which work here."""
    from ffi_spectrum.commands import survey, tables

    if is_json and is_markdown:
        raise UsageError("--json and --markdown exclude each other: choose one")
    if is_markdown:
        click.echo(tables.rung_markdown(survey.rung_infos()), nl=False)
        return
    screen = open_screen()
    found = survey.survey_rungs(screen, cc, is_opening=True)
    if is_json:
        echo_json([one.to_json() for one in found])
        return
    for part in tables.rung_tables(found):
        screen.out.print(part)


@main.command()
@cc_option
def build(cc: str) -> None:
    """Build all that the rungs need."""
    from ffi_spectrum.commands import survey, tables

    screen = open_screen()
    found = survey.survey_rungs(screen, cc, is_opening=False)
    for part in (tables.build_table(found), "", *tables.flag_lines(found), *tables.reason_lines(found)):
        screen.out.print(part)
    broken = [one.info.name for one in found if one.is_broken]
    if broken:
        raise BuildError(f"the build of {', '.join(broken)} failed, with the messages above")


@main.command()
@click.option("--clear", "is_clearing", is_flag=True, help="Remove everything in it.")
def cache(is_clearing: bool) -> None:
    """Show or clear the build cache."""
    from ffi_spectrum.commands import tables
    from ffi_spectrum.report.numbers import nbytes
    from ffi_spectrum.toolchain.cache import Cache, default_cache_root

    found = Cache(default_cache_root())
    if is_clearing:
        click.echo(f"removed {found.root}, {nbytes(found.clear())}")
        return
    screen = open_screen()
    screen.out.print(tables.cache_table(found))
    screen.out.print(f"{nbytes(found.nbytes())} in all, the compiler's own cache and environments included")


@main.command()
@click.argument("rung")
@click.argument("directory", type=PATH, required=False, metavar="[DIR]")
def example(rung: str, directory: Path | None) -> None:
    """Write a project to start from.

    RUNG is cffi, ctypes, wasmtime or python; DIR is RUNG_example by default.
    """
    from ffi_spectrum import examples

    target = directory or Path(f"{rung}_example")  # never just RUNG: a folder "ctypes" would hide the module
    for path in examples.write(rung, target):
        click.echo(str(path))
    click.echo(f"Start with {target / 'README.md'}")
