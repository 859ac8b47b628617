"""What a reader must know to choose a rung, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ffi_spectrum.case import Form, PanelGroup, Placement, Strategy

Check = Literal["count", "type", "range", "dtype", "length", "contiguous", "writable"]


@dataclass(frozen=True, slots=True)
class RungInfo:
    """What a reader must know to choose a rung.

    `cells` are the forms and placements of kernels with buffers; `variants` the rung's own ones per form. `checks`
    names what the rung itself refuses when it is called with it; whatever it does not check, the harness checks
    before anything is called. `agreement` is "bit-identical" (to the native library, any NaN equal to any NaN) or
    "tolerance". A floor's own time per call is its far-side loop. `ns_per_operation` is a rough hint, used only to
    leave out what would take too long; `ns_per_call`, `ns_per_byte` and `startup_s` are as rough, and used only for
    that and to predict a run's length; so is `beside_s`, by kernel: seconds of each process for what all such rungs
    share and is tried beside their cases. A rung that flushes subnormals takes and returns zeros for numbers as small.
    """

    name: str
    purpose: str
    gil: Literal["held", "released", "not applicable"]
    checks: frozenset[Check]
    copies: str
    errno: str
    needs: str
    native_code: str
    crash: str
    cells: tuple[tuple[Form, Placement], ...] = (("prebound", "host"), ("fresh", "host"))
    variants: Mapping[Form, tuple[str, ...]] = field(default_factory=dict)
    strategies: tuple[Strategy, ...] = ("per_call",)
    panel_group: PanelGroup = "in-process"
    agreement: Literal["bit-identical", "tolerance"] = "bit-identical"
    is_floor: bool = False
    has_far_side: bool = True
    ns_per_operation: float = 0.5
    ns_per_call: float = 0.0
    ns_per_byte: float = 0.0
    startup_s: float = 0.0
    beside_s: Mapping[str, float] = field(default_factory=dict)
    is_memory_safe: bool = False
    flushes_subnormals: bool = False

    @property
    def uses_device(self) -> bool:
        """True for a rung that needs a device, in this process or another."""
        return any(placement == "device" for _, placement in self.cells)

    @property
    def tier(self) -> str:
        """Equal-semantics tier: "unchecked", "type-checked" or "error-safe"; ranks are given within one only."""
        if self.is_memory_safe or {"length", "writable"} <= self.checks:
            return "error-safe"
        return "type-checked" if "type" in self.checks else "unchecked"
