"""What a run tells whoever watches it."""

from __future__ import annotations


class Observer:
    """Every method does nothing; override those that are of interest. None is called while a worker measures."""

    def building(self, what: str) -> None:
        """The artifacts of a rung are being built, or taken from the cache."""

    def unavailable(self, rung: str, reason: str) -> None:
        """A rung takes no part in this run."""

    def proving(self, panel_id: str) -> None:
        """The calls of a panel are being counted in the counting build."""

    def bound(self, most_s: float) -> None:
        """Measuring will take no more than about that many seconds, however wide intervals stay."""

    def start(self, total_processes: int, done: int, predicted_s: float) -> None:
        """Measuring starts; `done` processes were already in the file."""

    def process_done(self, panel_id: str, done: int, total: int, seconds_left: float) -> None:
        """One more process is on disk."""

    def go_on(self, panels: int, total: int, predicted_s: float) -> None:
        """A look: so many panels are not precise yet; `total` processes and about `predicted_s` lead to their next."""

    def panel_done(self, panel_id: str) -> None:
        """The last process of a panel is on disk."""

    def warn(self, text: str) -> None:
        """Something that the reader of the results should know."""
