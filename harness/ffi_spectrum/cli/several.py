"""`--python A B C`: an option that takes every word up to the next option."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

PYTHON = "--python"


class SeveralPythons(click.Command):
    """A command without arguments of its own, whose `--python` may be followed by several words, and be repeated."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(spread(args)))


def spread(words: Sequence[str]) -> Iterator[str]:
    """The same words, with `--python` before each of its values."""
    is_value = False
    for word, before in zip(words, ("", *words), strict=False):
        if word.startswith("-"):
            is_value = word.partition("=")[0] == PYTHON
        elif is_value and before != PYTHON:
            yield PYTHON
        yield word


python_option = click.option(
    PYTHON, "pythons", multiple=True, metavar="COMMAND ...",
    help="Measure under these Python interpreters instead, in turns; each gets an environment in the cache.",
)  # fmt: skip
