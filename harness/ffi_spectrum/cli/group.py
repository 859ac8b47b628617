"""The group of commands, how it ends, and what its commands share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ffi_spectrum import __version__
from ffi_spectrum.errors import FFISpectrumError, UsageError

if TYPE_CHECKING:
    from ffi_spectrum.commands.screen import Screen

PATH = click.Path(path_type=Path)
# What a shell reports for a process that SIGINT ended.
INTERRUPTED = 130


class Group(click.Group):
    """Turns every error that this package raises on purpose into one sentence on standard error and an exit code."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command and end; what is printed may have nowhere to go, as on a full disk."""
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            if not _drop_lost_output():
                raise
            click.echo(f"ffi-spectrum: standard output cannot be written: {error.strerror}", err=True)
            sys.exit(1)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except FFISpectrumError as error:
            fail(str(error), 2 if isinstance(error, UsageError) else 1)
        except KeyboardInterrupt as interrupt:
            fail(str(interrupt) or "stopped", INTERRUPTED)


def _drop_lost_output() -> bool:
    """True where standard output takes no more; what it still holds is given up.

    Else the interpreter would try once more when it ends, and complain in its own words.
    """
    try:
        click.echo()  # not a mere flush: an unbuffered stream holds nothing that could fail again
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        return True
    return False


def fail(sentence: str, exit_code: int) -> NoReturn:
    """Say why on standard error, and end."""
    click.echo(f"ffi-spectrum: {sentence}", err=True)
    raise click.exceptions.Exit(exit_code)


cc_option = click.option(
    "--cc", default="zig", show_default=True, metavar="zig|gcc|clang|PATH", help="C compiler of the native side."
)
json_option = click.option("--json", "is_json", is_flag=True, help="Print JSON instead of tables.")


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
planned_filters = _filters(
    rung="Only this rung, and the floor that ratios refer to.",
    kernel=_KERNEL,
    size="This size instead of the profile's, in elements.",
    form=_FORM,
)
measured_filters = _filters(rung="Only this rung.", kernel=_KERNEL, form=_FORM)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, package_name="ffi-spectrum")
def main() -> None:
    """Measure what each way of calling C from Python costs, on this machine."""


def open_screen() -> Screen:
    """The terminal, as commands print to it."""
    from ffi_spectrum.commands.screen import open_screen as open_terminal

    return open_terminal()


def echo_json(rows: list[dict[str, Any]]) -> None:
    """Print rows for programs."""
    click.echo(json.dumps(rows, indent=1))
