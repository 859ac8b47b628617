"""Which cases of a results file are shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from ffi_spectrum.errors import UsageError


class Row(Protocol):
    """What can be chosen: an estimate, or a case."""

    @property
    def kernel(self) -> str: ...
    @property
    def form(self) -> str: ...
    @property
    def rung(self) -> str: ...


R = TypeVar("R", bound=Row)


def refuse_absent(path: Path | str, axis: str, wanted: Sequence[str], present: Collection[str]) -> None:
    """Raise UsageError for the first name that the file does not have, with those that it has."""
    unknown = [name for name in wanted if name not in present]
    if unknown:
        raise UsageError(f"{path} has no {axis} {unknown[0]!r}; it has {', '.join(present)}")


@dataclass(frozen=True, slots=True)
class Selection:
    """The filters of `show` and `report`; an empty one means everything."""

    kernels: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()

    def of(self, rows: Sequence[R], path: Path) -> list[R]:
        """The rows that pass every filter, in order.

        Raises UsageError for a name that `path`, where they come from, does not have, and where none is left.
        """
        chosen = list(rows)
        for axis, wanted in (("kernel", self.kernels), ("form", self.forms), ("rung", self.rungs)):
            present = list(dict.fromkeys(getattr(row, axis) for row in rows))
            refuse_absent(path, axis, wanted, present)
            chosen = [row for row in chosen if not wanted or getattr(row, axis) in wanted]
        if not chosen:
            raise UsageError(f"{path} has no case that fits every filter; drop one of them")
        return chosen
