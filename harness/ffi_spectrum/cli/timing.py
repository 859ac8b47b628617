"""Commands of the timing harness: compare, gate, validate, export."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from ffi_spectrum.cli.group import PATH, cc_option, echo_json, fail, json_option, main, open_screen
from ffi_spectrum.errors import UsageError


@main.command()
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
@click.option("--fail-on", type=click.Choice(["slower"]), help="Exit with 1, naming the cases, where B is slower.")
@click.option(
    "--margin-ns", type=click.FloatRange(min=0, min_open=True),
    help="Difference that does not matter, in ns per call. [default: 1, or 1 % of A where that is more]",
)  # fmt: skip
@click.option("--variance", "is_scatter", is_flag=True, help="Show how far rounds, processes and files scatter.")
@json_option
def compare(a: Path, b: Path, fail_on: str | None, margin_ns: float | None, is_scatter: bool, is_json: bool) -> None:
    """Say which cases are slower or faster in file B than in A."""
    from ffi_spectrum.commands import compare

    screen = open_screen()
    rows = compare.compare(screen, a, b, margin_ns)
    if is_json:
        echo_json([row.to_json() for row in rows])
    else:
        compare.print_comparison(screen, rows, is_scatter)
    if fail_on == "slower" and (sentence := compare.slower_of(rows)):
        fail(sentence, 1)


@main.command()
@click.argument("file", type=PATH)
@click.option(
    "--format", "format_", type=click.Choice(["pyperf", "csv"]), required=True,
    help="pyperf: JSON that pyperf opens. csv: raw times, a row per case, process and round.",
)  # fmt: skip
@click.option("--out", type=PATH, help="Where to write it; printed by default.")
def export(file: Path, format_: str, out: Path | None) -> None:
    """Write a results file for other programs."""
    from ffi_spectrum.commands import report
    from ffi_spectrum.commands.export import export

    text = export(file, format_)
    if out is None:
        click.echo(text, nl=False)
    else:
        report.save(text, out)
        click.echo(f"wrote {out}")


@main.command()
@click.argument("base_ref", required=False)
@click.option("--setup", metavar="CMD", help="Shell command that builds each checkout, run in it. [default: nothing]")
@click.option("--call", "calls", multiple=True, metavar="MODULE:FUNCTION", help="Or MODULE:EXPRESSION. Repeatable.")
@click.option("--path", "paths", multiple=True, help="Folder of modules in a checkout. Repeatable. [default: ., src]")
@click.option("--max-ns", type=float, help="Fail above this time per call, too.")
@click.option("--margin-ns", type=float, help="A slowdown that is allowed. [default: 1 ns or 2 %, the larger]")
@click.option("--max-s", type=float, help="Measure no longer than this. [default: 60]")
@click.option("--write-workflow", type=PATH, is_flag=False, flag_value=".github/workflows/ffi-spectrum-gate.yml",
              help="Write a ready GitHub workflow instead. [.github/workflows/ffi-spectrum-gate.yml]")  # fmt: skip
@json_option
def gate(base_ref: str | None, write_workflow: Path | None, is_json: bool, **options: Any) -> None:
    """Fail where the working tree is slower than BASE_REF.

    Both versions are measured in turns on this machine. CMD may install into "$FFI_SPECTRUM_SITE", a folder that each
    side has for itself, first on its sys.path. What is not given is read from [tool.ffi-spectrum.gate] in
    pyproject.toml. Exit code 1: a call is SLOWER by more than the margin, above --max-ns, or broken here.
    """
    from ffi_spectrum.commands import gate as command
    from ffi_spectrum.commands.gate_options import gate_request

    if write_workflow:
        command.write_workflow(write_workflow)
        click.echo(f"wrote {write_workflow}")
        return
    if base_ref is None:
        raise UsageError("name the commit to compare with: ffi-spectrum gate BASE_REF")
    screen, here = open_screen(), Path.cwd()
    rows = command.run_gate(here, base_ref, gate_request(here, **options), screen)
    if is_json:
        echo_json([row.to_json() for row in rows])
    else:
        command.show_gate(screen, rows)
    if any(row.is_failed for row in rows):
        raise click.exceptions.Exit(1)


@main.command()
@click.option("--quick", "is_quick", is_flag=True, help="Replays of a recorded pool, and what fits into two minutes.")
@click.option("--pool", type=PATH, metavar="FILE.json.gz",
              help="Where the full run writes its 2,000 processes [results/pool.json.gz], "
              "or what --quick replays [the shipped pool].")  # fmt: skip
@click.option("--out", type=PATH, metavar="FILE.md", help="Write the table as a page, too.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of replays and of the order of processes.")
@cc_option
@json_option
def validate(is_quick: bool, pool: Path | None, out: Path | None, seed: int, cc: str, is_json: bool) -> None:
    """Test the harness itself, here and now: a line per target.

    Exit code 1 where a target is missed. The full run takes about ten minutes and wants a quiet machine.
    """
    from ffi_spectrum.commands.report import save
    from ffi_spectrum.commands.validate import run_validation, to_markdown

    how = shlex.join(["ffi-spectrum", "validate", *["--quick"] * is_quick, *(["--pool", str(pool)] if pool else [])])
    targets = run_validation(open_screen(), is_quick, pool, seed, cc, is_json)
    if is_json:
        echo_json([target.to_json() for target in targets])
    if out:
        save(to_markdown(targets, how), out)
    missed = [target.target for target in targets if target.state == "missed"]
    if missed:
        fail(f"{len(missed)} of {len(targets)} targets missed: {'; '.join(missed)}", 1)


@main.command()
@click.option("--runs", type=click.IntRange(min=2), default=5, show_default=True, help="Runs of each tool, in turns.")
@click.option("--seconds", type=float, default=5.0, show_default=True, help="Wall time of one run of each tool.")
@click.option("--defaults", is_flag=True, help="Run pyperf at its defaults, too: a minute more per run.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the order of tools and processes.")
@cc_option
@json_option
def peers(runs: int, seconds: float, defaults: bool, seed: int, cc: str, is_json: bool) -> None:
    """Measure one pair by pyperf, pytest-benchmark and this harness."""
    from ffi_spectrum.commands.peers import run_peers

    run_peers(open_screen(), runs, seconds, seed, is_json, cc, defaults)
