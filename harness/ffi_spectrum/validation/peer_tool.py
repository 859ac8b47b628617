"""What the other benchmark tools have in common: they are installed or not, and run scaled to a time or by default."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ffi_spectrum.validation.peer_process import Runner, require, run_python, timed

DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True)
class PeerTool(ABC):
    """`seconds` for the pair; None: the tool's own settings.

    Raises UsageError where one of the modules in `needs`, each with its distribution, is not installed.
    """

    seconds: float | None
    run: Runner = run_python
    name: ClassVar[str]
    to_1ns_by: ClassVar[str] = ""
    needs: ClassVar[Mapping[str, str]]

    def __post_init__(self) -> None:
        for module, distribution in self.needs.items():
            require(module, distribution)

    @property
    def is_peer(self) -> bool:
        return self.seconds is not None

    @property
    def settings(self) -> str:
        return " ".join(self.options()) or "defaults"

    def options(self) -> list[str]:
        """Arguments of the tool that fill `seconds`, none where that is None."""
        return [] if self.seconds is None else self.scaled(self.seconds)

    @abstractmethod
    def scaled(self, seconds: float) -> list[str]:
        """Arguments that fill `seconds` with the pair."""

    def timed(self, arguments: Sequence[str], directory: Path) -> float:
        """Run the tool in `directory`, and return its wall seconds."""
        return timed(self.run, self.name, arguments, directory, DEADLINE_S)
