"""A case: one row of the spectrum, and the word for each of its axes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, cast, get_args

Form = Literal["prebound", "fresh"]
Placement = Literal["none", "host", "library", "guest", "shared", "device"]
Strategy = Literal["per_call", "pipelined", "batched", "replayed", "fused"]
PanelGroup = Literal["in-process", "out-of-process", "device"]
# The strategy's numbers, sorted by name.
Params = tuple[tuple[str, int], ...]
Status = Literal["ok", "unavailable", "failed", "skipped"]

FORMS: tuple[Form, ...] = get_args(Form)
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One kernel, at one size, reached in one way.

    `size` counts elements of output and is 0 for scalar kernels. `variant` is the rung's own ("" where it has none).
    `params` holds the strategy's numbers (calls, window, threads, nargs, cores), sorted by name.
    """

    kernel: str
    size: int
    rung: str
    form: Form
    placement: Placement
    variant: str = ""
    strategy: Strategy = "per_call"
    params: Params = field(default=())

    @property
    def way(self) -> str:
        """The rung, with its variant where it has one."""
        return f"{self.rung}.{self.variant}" if self.variant else self.rung

    @property
    def id(self) -> str:
        """The name of the case everywhere: CLI filter, pytest id, JSON key and plot label."""
        parts = [self.kernel, str(self.size), self.way, self.form, self.placement, self.strategy]
        if self.params:
            parts.append(",".join(f"{name}={value}" for name, value in self.params))
        return "/".join(parts)

    def with_params(self, **params: int) -> Case:
        """The same with these numbers, too, or instead of those of the same name."""
        return replace(self, params=tuple(sorted((dict(self.params) | params).items())))

    def without_params(self, *names: str) -> Case:
        """The same without these numbers."""
        return replace(self, params=tuple((name, value) for name, value in self.params if name not in names))

    @classmethod
    def from_id(cls, text: str) -> Case:
        """The case that has this id."""
        kernel, size, way, form, placement, strategy, *rest = text.split("/")
        rung, _, variant = way.partition(".")
        pairs = [pair.partition("=") for pair in rest[0].split(",")] if rest else []
        params = tuple((name, int(value)) for name, _, value in pairs)
        return cls(
            kernel, int(size), rung, cast("Form", form), cast("Placement", placement), variant,
            cast("Strategy", strategy), params,
        )  # fmt: skip
