"""The command line; the only module that owns the terminal and ends the process.

Every command's work is in `commands`, imported when the command runs: this module imports click and nothing that
measures, so that `ffi-spectrum --help` answers at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ffi_spectrum import __version__
from ffi_spectrum.errors import BuildError, FFISpectrumError, UsageError

if TYPE_CHECKING:
    from ffi_spectrum.commands.screen import Screen

_PATH = click.Path(path_type=Path)
# What a shell reports for a process that SIGINT ended.
INTERRUPTED = 130


class _Group(click.Group):
    """Turns every error that this package raises on purpose into one sentence on standard error and an exit code."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FFISpectrumError as error:
            _fail(str(error), 2 if isinstance(error, UsageError) else 1)
        except KeyboardInterrupt as interrupt:
            _fail(str(interrupt) or "stopped", INTERRUPTED)


def _fail(sentence: str, exit_code: int) -> NoReturn:
    click.echo(f"ffi-spectrum: {sentence}", err=True)
    raise click.exceptions.Exit(exit_code)


_cc = click.option(
    "--cc", default="zig", show_default=True, metavar="zig|gcc|clang|PATH", help="C compiler of the native side."
)
_json = click.option("--json", "is_json", is_flag=True, help="Print JSON instead of tables.")


def _filters(**texts: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The repeatable options that select cases, in the order given, each with its help text."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for name, text in reversed(texts.items()):
            kind = int if name == "size" else str
            option = click.option(f"--{name}", f"{name}s", type=kind, multiple=True, help=f"{text} Repeatable.")
            command = option(command)
        return command

    return add


_KERNEL, _FORM = "Only this kernel.", "Only this form: prebound or fresh."
_planned = _filters(
    rung="Only this rung, and the floor that ratios refer to.",
    kernel=_KERNEL,
    size="This size instead of the profile's, in elements.",
    form=_FORM,
)
_measured = _filters(rung="Only this rung.", kernel=_KERNEL, form=_FORM)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, package_name="ffi-spectrum")
def main() -> None:
    """Measure what each way of calling C from Python costs, on this machine."""


@main.command()
@click.option("--profile", default="quick", show_default=True, metavar="quick|full", help="How much to measure.")
@_planned
@click.option("--seed", type=int, help="Seed of the order of processes; chosen at random by default.")
@click.option(
    "--out", type=_PATH, help="Results file; an existing one is resumed. [default: results/PROFILE-TIME.jsonl]"
)
@_cc
@click.option("--list", "is_listing", is_flag=True, help="Print the cases with predicted times; measure nothing.")
def bench(out: Path | None, is_listing: bool, **options: Any) -> None:
    """Measure, and print a table per kernel."""
    from ffi_spectrum.commands.bench import list_plan, run_bench
    from ffi_spectrum.commands.request import Request

    request = Request(**options)
    if is_listing:
        list_plan(_screen(), request.plan())
    else:
        run_bench(_screen(), request, out)


@main.command()
@click.argument("file", type=_PATH)
@_measured
@_json
def show(file: Path, is_json: bool, **filters: Any) -> None:
    """Print the estimates of a results file."""
    from ffi_spectrum.commands import report
    from ffi_spectrum.commands.selection import Selection

    selection = Selection(**filters)
    if is_json:
        _echo_json(report.rows_of(file, selection))
    else:
        report.show(_screen(), file, selection)


@main.command("report")
@click.argument("file", type=_PATH)
@_measured
@click.option("--tables", "is_tables", is_flag=True, help="Only date, machine and tables, in few columns.")
@click.option(
    "--out", type=_PATH, metavar="FILE.md|FILE.html", help="Where to write it; by default Markdown is printed."
)
def report_command(file: Path, out: Path | None, is_tables: bool, **filters: Any) -> None:
    """Write a results file as Markdown or HTML."""
    from ffi_spectrum.commands import report
    from ffi_spectrum.commands.selection import Selection

    text = report.report(file, out, Selection(**filters), is_tables)
    if out is None:
        click.echo(text, nl=False)
    else:
        report.save(text, out)
        click.echo(f"wrote {out}")


@main.command()
@_cc
@_json
@click.option("--markdown", "is_markdown", is_flag=True, help="Print what they are as Markdown tables; build nothing.")
def rungs(cc: str, is_json: bool, is_markdown: bool) -> None:
    """List the rungs, and which work here."""
    from ffi_spectrum.commands import survey, tables

    if is_json and is_markdown:
        raise UsageError("--json and --markdown exclude each other: choose one")
    if is_markdown:
        click.echo(tables.rung_markdown(survey.rung_infos()), nl=False)
        return
    screen = _screen()
    found = survey.survey_rungs(screen, cc, is_opening=True)
    if is_json:
        _echo_json([one.to_json() for one in found])
        return
    for part in tables.rung_tables(found):
        screen.out.print(part)


@main.command()
@_cc
def build(cc: str) -> None:
    """Build all that the rungs need."""
    from ffi_spectrum.commands import survey, tables

    screen = _screen()
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
    screen = _screen()
    screen.out.print(tables.cache_table(found))
    screen.out.print(f"{nbytes(found.nbytes())} in all, the compiler's own cache included")


@main.command()
@click.argument("rung")
@click.argument("directory", type=_PATH, required=False, metavar="[DIR]")
def example(rung: str, directory: Path | None) -> None:
    """Write a project to start from.

    RUNG is cffi, ctypes, wasmtime or python; DIR is RUNG_example by default.
    """
    from ffi_spectrum import examples

    target = directory or Path(f"{rung}_example")  # never just RUNG: a folder "ctypes" would hide the module
    for path in examples.write(rung, target):
        click.echo(str(path))
    click.echo(f"Start with {target / 'README.md'}")


def _screen() -> Screen:
    from ffi_spectrum.commands.screen import open_screen

    return open_screen()


def _echo_json(rows: list[dict[str, Any]]) -> None:
    click.echo(json.dumps(rows, indent=1))
