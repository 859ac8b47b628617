"""Which columns the terminal's tables have, from the most that a wide terminal shows to none at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ffi_spectrum.report.rows import Row


@dataclass(frozen=True, slots=True)
class Column:
    """One column after the rung's: `name` is its word everywhere, `header` may break over two lines."""

    name: str
    header: str
    cell: Callable[[Row], str]
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns for terminals of at least `min_width`; no columns means that the times stand below the rung."""

    min_width: int
    columns: tuple[Column, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)

    @property
    def is_compact(self) -> bool:
        """True where "±" stands for the interval."""
        return any(column in (_CALL_COMPACT, _BOUNDARY_COMPACT) for column in self.columns)

    @property
    def has_ratios(self) -> bool:
        return _TO_FLOOR.name in self.names


_PLACEMENT = Column("placement", "\nplacement", lambda row: row.placement, is_text=True)
_PLACEMENT_BROKEN = Column("placement", "place-\nment", lambda row: row.placement, is_text=True)
_CALL = Column("time per call", "time\nper call", lambda row: row.call.time)
_CALL_COMPACT = Column("time per call", "time\nper call", lambda row: row.call.compact)
_CALL_INTERVAL = Column("interval", "95 %\ninterval", lambda row: row.call.interval)
_BOUNDARY = Column("boundary", "\nboundary", lambda row: row.boundary.time)
_BOUNDARY_COMPACT = Column("boundary", "\nboundary", lambda row: row.boundary.compact)
_BOUNDARY_INTERVAL = Column("interval", "95 %\ninterval", lambda row: row.boundary.interval)
_TO_FLOOR = Column("times floor", "times\nfloor", lambda row: row.to_floor)
_TO_PYTHON_CALL = Column("times Python call", "times\nPython call", lambda row: row.to_python_call)
_TO_PYTHON = Column("times Python call", "times\nPython", lambda row: row.to_python_call)
_CHECKS = Column("checks", "\nchecks", lambda row: row.checks, is_text=True)

# The fullest first; a terminal gets the first that it is wide enough for, and the last holds on every one.
LAYOUTS = (
    Layout(
        128,
        (_PLACEMENT, _CALL, _CALL_INTERVAL, _BOUNDARY, _BOUNDARY_INTERVAL, _TO_FLOOR, _TO_PYTHON_CALL, _CHECKS),
    ),
    Layout(98, (_PLACEMENT, _CALL_COMPACT, _BOUNDARY_COMPACT, _TO_FLOOR, _TO_PYTHON_CALL, _CHECKS)),
    Layout(70, (_PLACEMENT_BROKEN, _CALL_COMPACT, _BOUNDARY_COMPACT, _TO_FLOOR, _TO_PYTHON)),
    Layout(70, (_PLACEMENT_BROKEN, _CALL, _BOUNDARY, _TO_FLOOR, _TO_PYTHON)),
    Layout(0, (_CALL_COMPACT, _BOUNDARY_COMPACT)),
    Layout(0, (_CALL, _BOUNDARY)),
    Layout(0, ()),
)
