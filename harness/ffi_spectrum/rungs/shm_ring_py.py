"""A worker process behind a ring in shared memory, called from Python alone: the client has no native code of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from ffi_spectrum.case import Form, Strategy
from ffi_spectrum.remote.ring_channel import RingChannel, check_machine
from ffi_spectrum.rungs.base import BoundCall, Buffers, RungInfo
from ffi_spectrum.rungs.remote_rung import RemoteRung
from ffi_spectrum.rungs.ring_client import RingClient, connect
from ffi_spectrum.toolchain.artifact import Artifact

if TYPE_CHECKING:
    from ffi_spectrum.toolchain.build import Toolchain


class ShmRingPy(RemoteRung):
    """The call is Python all the way: slots are packed, payload is copied and answers are found by the interpreter."""

    info: ClassVar[RungInfo] = RungInfo(
        name="shm_ring_py",
        purpose="another process without native code of ours in the caller: nothing to compile for each Python",
        gil="held",  # by the spin; a wait for the eventfd releases it
        checks=frozenset({"count", "type", "range", "dtype", "length", "contiguous", "writable"}),
        copies="host: into and out of shared memory; shared: none",
        errno="not carried over",
        needs="an x86-64 processor; a C compiler at build time, for the worker",
        native_code="none",
        crash="ends the worker: the call raises FarSideDied",
        cells=(("prebound", "host"), ("prebound", "shared"), ("fresh", "host"), ("fresh", "shared")),
        variants={"prebound": ("spin", "eventfd"), "fresh": ("spin", "eventfd")},
        strategies=("per_call", "pipelined", "batched", "replayed"),
        panel_group="out-of-process",
        ns_per_call=25_000,
        ns_per_byte=0.2,
        startup_s=0.02,
    )
    shared_variants = frozenset({"spin", "eventfd"})
    spinning_variants = frozenset({"spin"})
    wide_variant = "spin"

    @classmethod
    def build(cls, toolchain: Toolchain) -> dict[str, Artifact]:
        check_machine()
        return super().build(toolchain)

    def _connect(self) -> RingClient:
        return connect(self.artifacts, self.deadline_s)

    def _bind(self, buffers: Buffers, form: Form, variant: str) -> BoundCall:
        return self._awake(super()._bind(buffers, form, variant), variant)

    def _bind_strategy(
        self, buffers: Buffers, form: Form, variant: str, strategy: Strategy, params: Mapping[str, int]
    ) -> BoundCall:
        return self._awake(super()._bind_strategy(buffers, form, variant, strategy, params), variant)

    def far_side(self, buffers: Buffers, variant: str = "") -> BoundCall | None:
        bound = super().far_side(buffers, variant)
        return bound and self._awake(bound, variant)

    def _awake(self, bound: BoundCall, variant: str) -> BoundCall:
        """The call with a worker that is awake during a block, and parked before and after."""
        channel = self.link.channel
        assert isinstance(channel, RingChannel)
        own = {"_unpark": partial(channel.unpark, blocks=variant != "spin"), "_park": channel.park}
        setup = (*bound.setup, "_unpark()")
        return replace(bound, names={**bound.names, **own}, setup=setup, teardown=("_park()",))
