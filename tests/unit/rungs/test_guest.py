"""The owner of a guest: what it refuses, and how long its memory lives."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import wasmtime
from hypothesis import given

from ffi_spectrum.errors import CallError, FarSideTrap, Unavailable
from ffi_spectrum.rungs.guest import HOST, PULLEY, Guest, engine, load_compiled
from ffi_spectrum.rungs.guest_memory import ALIGNMENT, Arena, GuestMemory

from .wat import GUEST, module

MEMORY = '(module (memory (export "memory") {limits}) {more})'


def compiled(folder: Path, mode: int = 0o700) -> Path:
    path = folder / "ffis.cwasm"
    path.write_bytes(module(GUEST).serialize())
    path.chmod(0o600)
    folder.chmod(mode)
    return path


# imports and memory


def test_a_sandbox_cannot_reach_the_gpu_driver() -> None:
    text = '(module (import "env" "cuInit" (func (param i32) (result i32))) (import "wasi" "fd_write" (func)))'
    with pytest.raises(Unavailable, match=r"imports env\.cuInit, wasi\.fd_write"):
        Guest(module(text))


def test_a_memory_that_can_grow_is_refused() -> None:
    for limits in ("1 2", "1"):
        with pytest.raises(Unavailable, match="can grow"):
            Guest(module(MEMORY.format(limits=limits, more="")))
    assert len(memoryview(Guest(module(MEMORY.format(limits="1 1", more=""))).buffer)) == 65536


def test_a_trap_off_the_measured_path_is_translated() -> None:
    guest = Guest(module(GUEST))
    with pytest.raises(FarSideTrap, match="unreachable"):
        guest.enter("unreachable")
    assert guest.enter("i32", 3) == 3


# compiled guests


def test_an_own_file_in_a_private_folder_is_loaded(tmp_path: Path) -> None:
    assert Guest(load_compiled(compiled(tmp_path))).enter("i64", 7) == 7


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o702])
def test_a_folder_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Unavailable, match="others can reach"):
        load_compiled(compiled(tmp_path, mode))


def test_a_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    path = compiled(tmp_path)
    path.chmod(0o620)
    with pytest.raises(Unavailable, match="others can reach"):
        load_compiled(path)


def test_a_link_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.cwasm"
    link.symlink_to(compiled(tmp_path))
    with pytest.raises(Unavailable, match="not a file of your own"):
        load_compiled(link)
    with pytest.raises(Unavailable, match="cannot be read"):
        load_compiled(tmp_path / "absent.cwasm")


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = compiled(tmp_path), os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(Unavailable, match="not a file of your own"):
        load_compiled(path)


def test_code_for_another_engine_is_refused(tmp_path: Path) -> None:
    path = compiled(tmp_path)
    with pytest.raises(Unavailable, match="build it again"):
        load_compiled(path, PULLEY)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Unavailable, match="build it again"):
        load_compiled(path)


# memory


def test_a_view_keeps_the_store_alive() -> None:
    guest = Guest(module(GUEST))
    store = weakref.ref(guest.store)
    view = GuestMemory(guest.buffer, Arena(1024, 4096)).array((3, 5), "float32")
    del guest
    gc.collect()
    assert store() is not None
    view[:] = 2
    part = view[1:, 2:]
    del view
    gc.collect()
    assert store() is not None
    assert part.sum() == 12
    del part
    gc.collect()
    assert store() is None


def test_guest_and_host_see_the_same_bytes() -> None:
    load = '(func (export "load") (param i32) (result i32) local.get 0 i32.load)'
    guest = Guest(module(MEMORY.format(limits="1 1", more=load)))
    memory = GuestMemory(guest.buffer, Arena(1024, 4096))
    view = memory.array((4,), "int32")
    view[:] = np.arange(4) + 100
    assert [guest.enter("load", memory.address_of(view) + 4 * i) for i in range(4)] == [100, 101, 102, 103]
    assert bytes(memory.bytes[1024:1028]) == view[:1].tobytes()


def test_a_block_lives_as_long_as_any_view_of_it() -> None:
    memory = GuestMemory(bytearray(4096), Arena(0, 256))
    view = memory.array((16,), "float32")
    part = view[3:]
    del view
    other = memory.array((0,), "float64")
    assert (memory.address_of(part), memory.address_of(other[:])) == (12, 64)
    with pytest.raises(CallError, match="beside 2 buffers"):
        memory.array((129,), "uint8")
    del part, other
    assert memory.address_of(memory.array((256,), "uint8")) == 0


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9))))
def test_blocks_of_an_arena_do_not_overlap(steps: list[tuple[int, int]]) -> None:
    """Each step takes a block; then one of those in use is released, where its number is small enough."""
    arena = Arena(128, 2048)
    used: list[tuple[int, int]] = []
    for nbytes, released in steps:
        try:
            address = arena.take(nbytes)
        except CallError:
            starts = sorted([start for start, _ in used] + [2176])
            ends = sorted([128] + [-(-max(end, start + 1) // ALIGNMENT) * ALIGNMENT for start, end in used])
            assert all(start - end < max(nbytes, 1) for start, end in zip(starts, ends, strict=True))
        else:
            assert address % ALIGNMENT == 0
            assert all(address >= end or address + nbytes <= start for start, end in used)
            assert 128 <= address <= address + nbytes <= 2176
            used.append((address, address + nbytes))
        if released < len(used):
            arena.release(used.pop(released)[0])
    for address, _ in used:
        arena.release(address)
    assert arena.take(2048) == 128


def test_engines_are_shared() -> None:
    assert engine(HOST) is engine(HOST)
    assert engine(HOST) is not engine(PULLEY)
    assert isinstance(engine(PULLEY), wasmtime.Engine)
