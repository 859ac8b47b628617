"""A CPython extension, as one writes it by hand for speed; generated, and calling with the GIL held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ffi_spectrum.case import Form
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.rungs.base import BoundCall, Buffers, Rung, RungInfo, address_of, c_arguments, read_prototypes
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.batch_source import BATCH, REPLAY
from ffi_spectrum.toolchain.cext_source import extension_source
from ffi_spectrum.toolchain.extension import load_extension
from ffi_spectrum.toolchain.header import Prototype

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class Cext(Rung):
    """`K(...)` takes buffers (the fresh form), `K_at(...)` takes addresses (the prebound form).

    A buffer's length is checked against the length arguments that its shape names or derives from.
    """

    info: ClassVar[RungInfo] = RungInfo(
        name="cext",
        purpose="the fastest call that CPython offers, for a C compiler at build time",
        gil="held",
        checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}),
        copies="none",
        errno="untouched",
        needs="a C compiler and the CPython headers, for each CPython version",
        native_code="the extension, libffis",
        crash="ends the process",
        strategies=("per_call", "batched", "replayed"),
    )
    module_name: ClassVar[str] = "_ffis_cext"
    release_gil: ClassVar[bool] = False

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        artifacts = {
            "library": toolchain.native_library(),
            "prototypes": toolchain.prototypes(toolchain.target),
        }
        source = cls._source(read_prototypes(artifacts))
        extension = toolchain.extension(cls.module_name, source, library=artifacts["library"])
        return artifacts | {"extension": extension}

    @classmethod
    def _source(cls, prototypes: Mapping[str, Prototype]) -> str:
        kernels = [p for p in prototypes.values() if p.symbol in {k.symbol for k in KERNELS.values()}]
        counts = [p for p in prototypes.values() if p.symbol.startswith("ffis_count_")]
        wide = [p for p in prototypes.values() if p.symbol == REPLAY or p.symbol.startswith(BATCH)]
        flat = [p for p in wide if all(q.type.kind != "p" for q in p.parameters)]
        repeats = [p for p in prototypes.values() if p.symbol.startswith("ffis_repeat_")]
        shapes = {
            k.symbol: {a.name: tuple(k.derived.get(name, name) for name in a.shape) for a in k.buffers}
            for k in KERNELS.values()
        }
        return extension_source(
            cls.module_name, kernels + counts + flat, kernels + repeats + wide, shapes, release_gil=cls.release_gil
        )

    def _open(self) -> None:
        self._prototypes = read_prototypes(self.artifacts)
        self._module = load_extension(self.module_name, self.artifacts["extension"])

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        name = buffers.kernel.name
        if form == "prebound" and not buffers.kernel.is_scalar:
            return self._call(f"{name}_at", buffers, {})
        rows = c_arguments(buffers.workload, self._prototypes[buffers.kernel.symbol])
        names = {parameter.name: value for parameter, _, value in rows}
        function = {name: getattr(self._module, name)}
        return BoundCall(f"{name}({', '.join(names)})", names | function, owner=(self, buffers))

    def _call(self, entry: str, buffers: Buffers, leading: Mapping[str, int]) -> BoundCall:
        """A call of an entry that takes addresses, with the arguments `leading` before the kernel's own."""
        rows = c_arguments(buffers.workload, self._prototypes[buffers.kernel.symbol])
        names: dict[str, Any] = dict(leading)
        for parameter, argument, value in rows:
            names[parameter.name] = address_of(value) if argument.is_buffer else value
        function = {entry: getattr(self._module, entry)}
        return BoundCall(f"{entry}({', '.join(names)})", names | function, owner=(self, buffers))

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        return self._call(f"repeat_{buffers.kernel.name}_at", buffers, {"ffis_fn": 0, "times": 1})

    def count(self, kernel: KernelSpec) -> int | None:
        counter = getattr(self._module, f"count_{kernel.name}", None)
        return int(counter()) if counter else None
