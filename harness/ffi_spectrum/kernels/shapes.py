"""What a generated binding must know of the kernels, as plain names: the dimensions of every buffer."""

from __future__ import annotations

from collections.abc import Iterable

from ffi_spectrum.kernels.spec import KernelSpec


def shapes_of(kernels: Iterable[KernelSpec]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Symbol -> pointer parameter -> its dimensions, outermost first: parameters, or arithmetic over parameters."""
    return {
        kernel.symbol: {
            argument.name: tuple(kernel.derived.get(name, name) for name in argument.shape)
            for argument in kernel.buffers
        }
        for kernel in kernels
    }
