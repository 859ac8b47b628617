"""The gRPC rung: right answers in every way, one limit, and requests that fit no call."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ffi_spectrum.errors import BadArgument, ChannelRetired, ProtocolError, Unavailable
from ffi_spectrum.kernels.spec import KernelSpec
from ffi_spectrum.kernels.table import KERNELS
from ffi_spectrum.kernels.workload import Workload, check_outputs, make_workload, poison_outputs
from ffi_spectrum.measure.loop import call_once, compile_block, outputs_of
from ffi_spectrum.remote.frame import LIMIT_NBYTES
from ffi_spectrum.rungs.base import WIDE, BoundCall
from ffi_spectrum.rungs.grpc import Grpc
from ffi_spectrum.toolchain.artifact import Artifact
from ffi_spectrum.toolchain.build import Toolchain

from .grpc_rungs import bound_to, by_variant, opened, pid_of, stop

pytest.importorskip("grpc", reason="the gRPC rung needs its packages: `pip install grpcio grpcio-tools`")

NOOP, CRC32 = KERNELS["noop"], KERNELS["crc32"]
every_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


@pytest.fixture(scope="module")
def artifacts() -> dict[str, Artifact]:
    return Grpc.build(Toolchain())


@pytest.fixture(scope="module")
def shared(artifacts: dict[str, Artifact]) -> Iterator[Grpc]:
    """A rung for the tests that leave it as it was."""
    yield from opened(artifacts)


@pytest.fixture
def rung(artifacts: dict[str, Artifact]) -> Iterator[Grpc]:
    """A rung whose worker may be ended."""
    yield from opened(artifacts)


@every_kernel
def test_every_way_agrees_with_the_oracle(kernel: KernelSpec, shared: Grpc) -> None:
    for size in (0, 7, 1023) if kernel.dims(1) else (0,):
        for way in (way for way in Grpc.ways(kernel) if way.strategy not in WIDE):
            workload = make_workload(kernel, size)
            poison_outputs(workload)
            buffers = shared.place(workload, way.placement)
            bound = shared.bind(buffers, way.form, way.variant, way.strategy, way.params)
            assert check_outputs(workload, outputs_of(shared, buffers, bound, call_once(bound))) == "", way.id


@every_kernel
@by_variant
def test_parts_are_those_of_the_call(kernel: KernelSpec, variant: str, shared: Grpc) -> None:
    """Made alone they reach no worker, and leave the outputs as the last call did."""
    workload = make_workload(kernel, 7)
    buffers = shared.place(workload, "none" if kernel.is_scalar else "host")
    bound = shared.bind(buffers, "prebound", variant)
    value = call_once(bound)
    stop(pid_of(shared))
    try:
        parts = shared.parts(buffers, "prebound", variant)
        for part in parts.values():
            call_once(part)
    finally:
        os.kill(pid_of(shared), signal.SIGCONT)
    is_copied = any(argument.dtype != "bytes" for argument in kernel.buffers)  # bytes are what a message takes
    assert set(parts) == ({"serialise", "copy"} if is_copied else {"serialise"})
    assert check_outputs(workload, outputs_of(shared, buffers, bound, value)) == ""


@by_variant
@pytest.mark.parametrize("window", [0, 1, 8])
def test_calls_reach_the_worker_as_often_as_they_are_made(variant: str, window: int) -> None:
    for rung in opened(Grpc.build(Toolchain(build="counting"))):
        block = compile_block(bound_to(rung, make_workload(KERNELS["relu"], 7), variant, window))
        before = rung.count(KERNELS["relu"]) or 0
        block(21)
        assert (rung.count(KERNELS["relu"]) or 0) - before == 21


@by_variant
def test_a_request_of_the_limit_and_one_byte_more(variant: str, rung: Grpc) -> None:
    """A request has 64 bytes of numbers, and then its data."""
    largest = LIMIT_NBYTES - 64
    data = np.random.default_rng(0).bytes(largest)
    workload = Workload(CRC32, largest, {"nbytes": largest}, {"data": data})
    for form in ("prebound", "fresh"):
        buffers = rung.place(workload, "host")
        bound = rung.bind(buffers, form, variant)
        assert check_outputs(workload, {"return": call_once(bound)}) == ""
    # 2^63 is no length at all, and more than the limit of 64 MiB is outputs alone
    for nbytes in (largest + 1, 2**63):
        with pytest.raises(BadArgument):
            call_once(BoundCall("crc32(data, nbytes)", {**bound.names, "data": data, "nbytes": nbytes}))
    with pytest.raises(BadArgument, match="limit"):
        bound_to(rung, make_workload(CRC32, largest + 1), variant)
    with pytest.raises(BadArgument, match="limit"):
        bound_to(rung, make_workload(KERNELS["base64_encode"], LIMIT_NBYTES // 2), variant)
    assert call_once(bound_to(rung, make_workload(NOOP, 0), variant)) is None


@by_variant
def test_what_does_not_fit_together_is_refused_and_the_next_call_served(variant: str, shared: Grpc) -> None:
    channel: Any = shared.link.channel
    messages = channel.messages
    exchange = messages.exchanges["dot"]
    run = channel.unary(exchange.method)

    def send(content: bytes) -> bytes:
        if variant == "unary":
            return bytes(run(content))
        channel.send(content)
        return bytes(channel.receive())

    for fields in ({"x": b"12345678", "size": 4}, {"x": bytes(32), "size": 4}, {"size": 2**32 - 1}):
        request = exchange.request(**fields)
        content = (request if variant == "unary" else messages.request(dot=request)).SerializeToString()
        with pytest.raises(BadArgument, match=r"dot"):
            refused(channel, send(content))
    with pytest.raises(BadArgument, match=r"names no kernel|rror parsing"):
        refused(channel, send(b"" if variant == "stream" else b"\xff"))
    with pytest.raises(BadArgument, match="rror parsing"):
        refused(channel, send(b"\xff\xff\xff"))
    assert call_once(bound_to(shared, make_workload(KERNELS["add"], 0), variant)) is not None


def refused(channel: Any, content: bytes) -> None:
    """Raise what the worker's envelope says (an rpc of its own has raised it before)."""
    channel.open_envelope("dot", channel.messages.response.FromString(content))


def test_an_answer_to_another_call_is_no_answer(rung: Grpc) -> None:
    channel: Any = rung.link.channel
    with pytest.raises(ProtocolError, match="answered noop, and dot was called"):
        channel.open_envelope("dot", channel.messages.response(noop={}))
    with pytest.raises(ChannelRetired, match="answered noop"):
        call_once(bound_to(rung, make_workload(NOOP, 0), "stream"))


@pytest.mark.parametrize("package", ["grpc", "google.protobuf"])
def test_without_its_packages(package: str, artifacts: dict[str, Artifact], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # an import then fails as if it were not there
    with pytest.raises(Unavailable, match=r"`pip install grpcio grpcio-tools`"):
        Grpc.build(Toolchain())
    with pytest.raises(Unavailable, match=r"`pip install grpcio grpcio-tools`"):
        Grpc(artifacts).open()
