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

    def start(self, total_processes: int, done: int, predicted_s: float) -> None:
        """Measuring starts; `done` processes were already in the file."""

    def process_done(self, panel_id: str, done: int, total: int, seconds_left: float) -> None:
        """One more process is on disk."""

    def panel_done(self, panel_id: str) -> None:
        """The last process of a panel is on disk."""

    def warn(self, text: str) -> None:
        """Something that the reader of the results should know."""
