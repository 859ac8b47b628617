"""The generated client of the ring: what it refuses to generate."""

from __future__ import annotations

import pytest

from ffi_spectrum.errors import BuildError
from ffi_spectrum.toolchain.header import Parameter, Prototype, parse_type
from ffi_spectrum.toolchain.ring_source import ring_source
from ffi_spectrum.toolchain.served import MAX_SLOTS


def prototype(symbol: str, *types: str) -> Prototype:
    parameters = tuple(Parameter(f"p{i}", parse_type(text, 8)) for i, text in enumerate(types))
    return Prototype(symbol, parse_type("void", 8), parameters)


def test_a_length_that_no_parameter_gives() -> None:
    kernel = prototype("ffis_k", "const float *", "uint32_t")
    for dimensions in ((), ("other",), ("p1", "other")):
        with pytest.raises(BuildError, match=r"ffis_k, p0: .*derived"):
            ring_source("m", [kernel], {"ffis_k": {"p0": dimensions}})
    assert "ffis_product(sizeof(float), (uint64_t)p1 + 1)" in ring_source(
        "m", [kernel], {"ffis_k": {"p0": ("p1 + 1",)}}
    )


def test_more_arguments_than_slots() -> None:
    ring_source("m", [prototype("ffis_k", *["int64_t"] * MAX_SLOTS)], {})
    with pytest.raises(BuildError, match=f"ffis_k takes {MAX_SLOTS + 1} arguments"):
        ring_source("m", [prototype("ffis_k", *["int64_t"] * (MAX_SLOTS + 1))], {})


@pytest.mark.parametrize("name", ["echo", "copy", "ping", "configure"])
def test_names_that_the_channel_has(name: str) -> None:
    with pytest.raises(BuildError, match=f"ffis_{name} .* another"):
        ring_source("m", [prototype(f"ffis_{name}")], {})


def test_kernels_are_numbered_in_their_order() -> None:
    source = ring_source("m", [prototype("ffis_a"), prototype("ffis_b", "int64_t")], {})
    first, second = source.index("ffis_call.kernel = 0,"), source.index("ffis_call.kernel = 1,")
    assert source.index("ffis_ring_a_at(") < first < source.index("ffis_ring_b_at(") < second
